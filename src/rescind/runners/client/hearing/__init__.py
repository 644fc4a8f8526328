"""What a runner is told: its inbox, from the bytes to grants, refusals and intents."""
