"""`rescind doctor`: is all well, and if not, what to do about it."""
