"""What is going on now: events as they come, and how the server itself is."""
