"""`rescind audit`: reads the topics for the auditor of the state machine, and prints findings."""
