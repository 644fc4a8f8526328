"""What happened: the words on the wire.

Requests ask, events tell, intents order, states answer. Everything here is data: no I/O,
no clock, no topic, no rule about what may follow what (`rescind.statemachine` holds those).
"""

if __name__ != "rescind.events":
    raise ImportError("import rescind.events, not events")
