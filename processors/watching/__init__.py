"""What the agents keep in view: who is registered, who is silent, what is being cancelled."""
