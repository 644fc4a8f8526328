"""`rescind dead-letters`: requests that could not be read or answered, kept as they came."""
