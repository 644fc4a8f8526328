"""One bulk cancellation: its form, its page, its words."""
