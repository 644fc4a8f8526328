"""Running flows from the command line."""
