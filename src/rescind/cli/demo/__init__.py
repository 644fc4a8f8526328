"""`rescind demo`: a real flow over real files, cancelled half-way, and what became of it.

`job` is the flow, as a user would write it; `cast` says what of it is expected to end how;
`showing` runs and cancels it; `ledger` counts by the journal; `leftovers` looks through the
process table; `verdicts` holds it all to the promises; `running` starts the house around it.
"""
