"""What answers people and programs: it knows what the journal says, and decides nothing."""
