"""What a worker counts and measures of its own work, and where Prometheus reads it."""
