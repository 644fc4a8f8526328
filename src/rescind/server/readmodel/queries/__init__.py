"""What can be asked of a read model: each question a function of a connection that only reads."""
