"""From a stretch of the journal to what has changed in the tables."""
