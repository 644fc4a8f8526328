"""What happened, in sentences for people: at a terminal and in the browser the same."""
