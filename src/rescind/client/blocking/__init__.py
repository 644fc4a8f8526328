"""The client whose methods wait for the answer, in the thread that calls them."""
