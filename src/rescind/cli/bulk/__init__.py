"""Bulk cancellations from the command: described, started, held up, looked at."""
