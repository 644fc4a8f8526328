"""`rescind hooks`: who is told of cancellations, and whether they take it."""
