"""The same runner for threads: an event loop in a thread of its own, and calls that wait."""
