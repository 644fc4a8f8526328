"""What may happen: the lifecycles, and nothing that reads a clock or a socket.

`machine` defines them, `edges` walks them once into a table, `decide` answers requests with
events or refusals, `evolve` folds events into state, `settle` ends what has nothing left open.
Time and ids are arguments.
"""

if __name__ != "rescind.statemachine":
    raise ImportError("import rescind.statemachine, not statemachine")
