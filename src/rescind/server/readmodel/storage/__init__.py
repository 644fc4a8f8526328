"""The database under a read model: where it is, its tables, their rows, and their migration."""
