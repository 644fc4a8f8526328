"""Where it happens: the lifecycle writer of a partition, and the Faust agents around it.

A rule about runs found in this folder is in the wrong room: it belongs to
`rescind.statemachine`.
"""

if __name__ != "rescind.processors":
    raise ImportError("import rescind.processors, not processors")
