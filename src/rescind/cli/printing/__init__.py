"""What commands print: numbers and times in words, tables, the story of a run."""
