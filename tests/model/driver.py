"""A long random life of the service from a seed, and the trace of what it was asked.

Hypothesis finds short failures; this goes deep, at the same price for each step, and the trace
of a seed can be sent to a real service.
"""

from random import Random
from typing import Final

from rescind.statemachine.policy import Policy
from tests.model.asking import KINDS
from tests.model.asking_teardowns import handle
from tests.model.shell import POLICY, Shell
from tests.model.trace import Step

__all__ = ["journal_of", "live", "live_and_be_torn_down", "live_shortly", "trace_of"]

# What work consists of is asked more often than what ends it, or everything ends at once.
_WEIGHTS: Final = {
    "bulk.count": 1.5,
    "bulk.create": 1,
    "bulk.forget": 0.1,
    "bulk.pause": 0.5,
    "bulk.progress": 2.5,
    "bulk.resume": 0.8,
    "bulk.start": 1.5,
    "bulk.stop": 0.15,
    "cancellation.acknowledge": 5,
    "child.finished": 0.6,
    "flow.cancel": 1,
    "flow.finish": 0.5,
    "flow.register": 4,
    "flow.start": 5,
    "infrastructure.report": 6,
    "request.denied": 0.2,
    "runner.forget": 0.2,
    "runner.leave": 0.1,
    "runner.lost": 0.9,
    "runner.register": 2,
    "task.finish": 3,
    "task.register": 8,
    "task.start": 14,
    "task.stopping": 2,
}

_BEGINNING: Final = (
    *("runner.register",) * 3,
    *("flow.register",) * 3,
    *("flow.start",) * 3,
    *("task.register",) * 2,
    *("task.start",) * 3,
)
# Few steps are left then, and somebody cancels in most of them.
_SHORT_WEIGHTS: Final = _WEIGHTS | {"flow.cancel": 4, "flow.register": 1, "runner.register": 0.5}


_TEARDOWN_WEIGHTS: Final = dict.fromkeys(_WEIGHTS, 0.0) | {
    "cancellation.acknowledge": 3,
    "cancellation.clock": 4,
    "executor.report": 1,
    "flow.cancel": 1,
    "infrastructure.report": 5,
    "runner.leave": 0.3,
    "runner.lost": 2,
    "runner.register": 2,
    "task.cancel": 0.5,
    "task.finish": 1,
}


def live(seed: int, steps: int, policy: Policy = POLICY) -> Shell:
    """So many steps of a service's life; the state is checked after each."""
    shell = Shell(policy)
    _go_on(shell, Random(seed), steps, _WEIGHTS)
    return shell


def live_shortly(seed: int, steps: int) -> Shell:
    """The same, but it begins with work that is under way: else it would mostly be refusals."""
    chance = Random(seed)
    shell = Shell()
    for kind in _BEGINNING:
        shell.send(kind, chance)
        shell.turn(1, 1, sweep=False)
    _go_on(shell, chance, steps - len(_BEGINNING), _SHORT_WEIGHTS)
    return shell


def live_and_be_torn_down(seed: int, steps: int, policy: Policy = POLICY) -> Shell:
    """A short life of one flow run, whose runners can be ended from outside and often are lost."""
    shell = Shell(policy)
    for runner_id in ("ra", "rb", "rc"):
        shell.ask({"type": "runner.register", "runner_id": runner_id, "handle": handle(runner_id)})
    shell.ask({"type": "flow.register", "flow_run_id": "f1"})
    body = {"task_run_id": "body"}
    shell.ask({"type": "flow.start", "flow_run_id": "f1", "runner_id": "ra", "body": body})
    chance = Random(seed)
    for runner_id in ("ra", "rb", "rc"):
        items = [{"task_run_id": f"{runner_id}{number}"} for number in range(chance.randrange(4))]
        if items:
            shell.ask({"type": "task.register", "flow_run_id": "f1", "items": items})
            about = {"flow_run_id": "f1", "runner_id": runner_id, "items": items}
            shell.ask({"type": "task.start", **about})
    _go_on(shell, chance, steps, _TEARDOWN_WEIGHTS)
    return shell


def trace_of(seed: int, steps: int) -> list[Step]:
    """What happened to the service in the short life of this seed."""
    return live_shortly(seed, steps).trace


def journal_of(seed: int, steps: int) -> bytes:
    """What the service wrote in the life of this seed."""
    return b"\n".join(entry.to_json() for entry in live(seed, steps).world.journal)


def _go_on(shell: Shell, chance: Random, steps: int, weights: dict[str, float]) -> None:
    kinds = sorted(KINDS)
    each = [weights.get(kind, 1) for kind in kinds]
    for _ in range(steps):
        _step(shell, chance, chance.choices(kinds, each)[0])
        shell.check()
    shell.drain()
    shell.check()


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
