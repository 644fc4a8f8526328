"""A long random life of the service from a seed, and the trace of what it was asked.

Hypothesis finds short failures; this goes deep, at the same price for each step, and the trace
of a seed can be sent to a real service.
"""

from random import Random
from typing import Final

from rescind.statemachine.policy import Policy
from tests.model.asking import KINDS
from tests.model.shell import POLICY, Shell
from tests.model.trace import Trace

__all__ = ["journal_of", "live", "trace_of"]

# What work consists of is asked more often than what ends it, or everything ends at once.
_WEIGHTS: Final = {
    "cancellation.acknowledge": 5,
    "child.finished": 0.6,
    "flow.cancel": 1,
    "flow.finish": 0.5,
    "flow.register": 4,
    "flow.start": 5,
    "request.denied": 0.2,
    "runner.forget": 0.2,
    "runner.leave": 0.1,
    "runner.lost": 0.6,
    "runner.register": 2,
    "task.finish": 3,
    "task.register": 8,
    "task.start": 14,
    "task.stopping": 2,
}


def live(seed: int, steps: int, policy: Policy = POLICY) -> Shell:
    """So many steps of a service's life; the state is checked after each."""
    chance = Random(seed)
    shell = Shell(policy)
    kinds = sorted(KINDS)
    weights = [_WEIGHTS.get(kind, 1) for kind in kinds]
    for _ in range(steps):
        _step(shell, chance, chance.choices(kinds, weights)[0])
        shell.check()
    shell.drain()
    shell.check()
    return shell


def trace_of(seed: int, steps: int) -> Trace:
    """What the service was asked in the life of this seed."""
    return live(seed, steps).trace


def journal_of(seed: int, steps: int) -> bytes:
    """What the service wrote in the life of this seed."""
    return b"\n".join(entry.to_json() for entry in live(seed, steps).world.journal)


def _step(shell: Shell, chance: Random, kind: str) -> None:
    what = chance.random()
    if what < 0.50:
        shell.send(kind, chance)
    elif what < 0.90:
        shell.turn(chance.randrange(5), chance.randrange(5), sweep=chance.random() < 0.7)
    elif what < 0.93:
        shell.send_again(chance)
    elif what < 0.95:
        shell.send_garbage(chance)
    elif what < 0.98:
        shell.restart()
    else:
        shell.world.later(chance.choice((1, 5, 25)))
