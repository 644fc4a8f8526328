"""Where it happens: the lifecycle writer of a partition, and the Faust agents around it.

A rule about runs found in this folder is in the wrong room: it belongs to
`rescind.statemachine`.

What runs is at the top: the processes (`app`), the worker, and an agent a file. The rooms hold
what these are made of: `pipeline` and `lifecycle` the worker, `watching` the agents, `on_faust`
and `shared` both.
"""

if __name__ != "rescind.processors":
    raise ImportError("import rescind.processors, not processors")
