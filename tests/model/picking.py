"""Chance among the few ids that a model's requests are about: mostly what fits the state."""

from random import Random
from typing import Any, Final

from rescind.statemachine.runs import TaskRun
from tests.model.luck import often, pick
from tests.world import World

__all__ = [
    "CASCADES",
    "FLOWS",
    "NOW",
    "RUNNERS",
    "TASKS",
    "Words",
    "all_tasks",
    "flow_id",
]

FLOWS: Final = ("f1", "f2", "f3", "f4")
TASKS: Final = tuple(f"t{number}" for number in range(1, 11))
CASCADES: Final = ("wait", "request", "none")
RUNNERS: Final = ("ra", "rb", "rc", "rd", "re", "rf")
NOW: Final = "@now"
"""Stands for the cancellation that is under way when the request is sent."""

Words = dict[str, Any]


def flow_id(world: World, chance: Random, *states: str) -> str:
    """Mostly one that is in one of these states; without any, one that has not ended."""
    known = [flow for flow in world.base.flows.values() if flow.end is None]
    fitting = [flow for flow in known if not states or flow.state in states]
    if fitting and often(chance):
        return pick(chance, fitting).flow_run_id
    return pick(chance, FLOWS)


def all_tasks(world: World) -> list[TaskRun]:
    return [task for tasks in world.base.tasks.values() for task in tasks.values()]
