"""One revision a file, oldest first by name. A revision that was released is never edited."""
