"""The benchmarks: each module measures one thing, and says what is to be reached."""
