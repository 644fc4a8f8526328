"""One life of a runner, under an id that is used once: registered, heard of, and ended."""
