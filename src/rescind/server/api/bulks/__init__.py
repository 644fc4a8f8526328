"""Bulk cancellations over HTTP: described, started, held up, looked at."""
