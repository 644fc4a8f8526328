"""Who asks: what the service knows, for people and programs. It decides nothing."""
