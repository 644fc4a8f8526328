"""One flow run: its page, its timeline and ladder, its task runs, its journal."""
