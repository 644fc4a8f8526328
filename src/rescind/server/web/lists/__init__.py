"""Lists: of runs, of what is stuck, of runners, of dead letters, of bulk cancellations."""
