"""Reading: what the read model says about runs, as JSON. It is a moment behind the journal."""
