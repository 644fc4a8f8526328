"""Given this past, when that is asked, then so much happens: a rule about runs in one line.

    given(runner, flow, started).when(cancel).then("flow.cancelling", "flow.cancelled")

A step is a request, or something done to the world (`swept`, `restarted`, `later(30)`). What
happened is written as `task.cancelled t1`, `request.refused duplicate`.
"""

from collections.abc import Callable
from typing import Self

from rescind.events.journal import (
    ChildFinishedRecorded,
    Entry,
    FlowFailed,
    InfrastructureTeardown,
    RequestRefused,
    TaskCancelled,
    TaskFailed,
)
from rescind.events.requests import AnyRequest
from rescind.statemachine.policy import Policy
from tests.world import World

__all__ = ["Scenario", "Step", "given", "later", "restarted", "swept", "told", "unsigned"]

Step = AnyRequest | Callable[[World], list[Entry]]


def given(*past: Step, policy: Policy | None = None) -> "Scenario":
    """A world with this past."""
    return Scenario(World(policy)).when(*past)


class Scenario:
    """A world, and what came of the last step of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entries: list[Entry] = []

    def when(self, *steps: Step) -> Self:
        """Take these steps."""
        for step in steps:
            self.entries = step(self.world) if callable(step) else self.world.ask(step)
        return self

    def then(self, *expected: str) -> Self:
        """Exactly this came of the last step."""
        assert told(self.entries) == list(expected)
        return self

    def then_refused(self, *codes: str) -> Self:
        """The last step was refused with this code (a list: each of its items)."""
        return self.then(*(f"request.refused {code}" for code in codes))

    def refusals(self) -> list[RequestRefused]:
        """The refusals of the last step."""
        events = (entry.event for entry in self.entries)
        return [event for event in events if isinstance(event, RequestRefused)]


def told(entries: list[Entry]) -> list[str]:
    """What happened, a word or two each."""
    return [_told(entry) for entry in entries]


def _told(entry: Entry) -> str:
    name = entry.event.type.rpartition(".v")[0]
    match entry.event:
        case RequestRefused(code=code):
            return f"{name} {code.value}"
        case TaskCancelled(how=how):
            return f"{name} {entry.task_run_id} {how.value}"
        case TaskFailed(end=end):
            return f"{name} {entry.task_run_id} {end}"
        case ChildFinishedRecorded(end=end):
            return f"{name} {entry.task_run_id} {end.value}"
        case FlowFailed(end=end):
            return f"{name} {end}"
        case InfrastructureTeardown(outcome=outcome):
            return f"{name} {outcome}"
        case _:
            return name if entry.task_run_id is None else f"{name} {entry.task_run_id}"


def swept(world: World) -> list[Entry]:
    """Every sweep that is owed has gone on to its end."""
    return world.sweep_all()


def restarted(world: World) -> list[Entry]:
    """The service has started anew from what it had written."""
    world.restart()
    return []


def later(seconds: float) -> Callable[[World], list[Entry]]:
    """So much time has gone by."""

    def step(world: World) -> list[Entry]:
        world.later(seconds)
        return []

    return step


def unsigned(request: AnyRequest) -> Callable[[World], list[Entry]]:
    """The same, without the service's signature."""
    return lambda world: world.ask(request, signed=False)
