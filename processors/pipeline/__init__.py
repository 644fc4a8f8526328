"""One partition from its lanes to its commits: taken in, decided, written, and read back."""
