"""What hooks are told, how, and up to where."""
