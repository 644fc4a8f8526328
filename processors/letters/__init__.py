"""Dead letters: what could not be read, answered or told, as it came; and the same once more."""
