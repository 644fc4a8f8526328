"""`rescind demo`: a real flow over real files, cancelled half-way, and what became of it.

`job` is the flow, as a user would write it; `running` starts everything and asks for the cancel;
`account` counts by the journal; `leftovers` looks through the process table; `chaos` kills.
"""
