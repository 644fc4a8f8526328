"""Raising `rescind.Cancelled` in code that runs in this process, and nowhere but there."""
