"""The tables that the machines were walked into, once, at import.

``EDGES[state, trigger]`` is the state after it; a fact that is noted without leaving the state
maps it to itself. What is not in the table is impossible, and `evolve` raises on it.
"""

from collections.abc import Collection, Iterable
from typing import Final

from rescind.statemachine.machine import BULK, FLOW, RUNNER, TASK, Lifecycle

__all__ = [
    "BULK_EDGES",
    "FLOW_EDGES",
    "RUNNER_EDGES",
    "TASK_EDGES",
    "Edges",
    "is_cancelling",
    "is_finished",
    "is_pending",
    "is_running",
    "lies_in",
    "table",
    "walk",
    "within",
]

Edges = dict[tuple[str, str], str]


def walk(lifecycle: Lifecycle) -> Edges:
    """Ask the live machine what each trigger of each state leads to.

    Three of four pairs have none, and to be refused takes the machine as long as to move: asked
    of every pair, the walk of an import takes 35 ms and not 15. A test does ask of every pair.
    """
    return {
        (state, trigger): after
        for state in lifecycle.states()
        for trigger in lifecycle.triggers_of(state)
        if (after := lifecycle.take(state, trigger)) is not None
    }


def table(edges: Edges) -> str:
    """The edges as text, a line each, sorted: a changed edge is a changed line in review."""
    return "".join(
        f"{state:26}{trigger:28}{after if after != state else '(stays)'}\n"
        for (state, trigger), after in sorted(edges.items())
    )


FLOW_EDGES: Final[Edges] = walk(FLOW)
TASK_EDGES: Final[Edges] = walk(TASK)
RUNNER_EDGES: Final[Edges] = walk(RUNNER)
BULK_EDGES: Final[Edges] = walk(BULK)


def lies_in(state: str, name: str) -> bool:
    """Whether a state is the one of this name, as ``Finished.Failed``, or one within it."""
    return state == name or state.startswith(f"{name}.")


def within(states: Iterable[str], names: Collection[str]) -> list[str]:
    """Those of the states that are one of these or lie in one; nothing lies in an unknown name."""
    return [state for state in states if any(lies_in(state, name) for name in names)]


def is_pending(state: str) -> bool:
    """Whether a state is a kind of Pending; Retrying is one."""
    return state.startswith("Pending")


def is_running(state: str) -> bool:
    """Whether a state is a kind of Running; Cancelling is one."""
    return state.startswith("Running")


def is_cancelling(state: str) -> bool:
    """Whether a state is Running.Cancelling."""
    return state == "Running.Cancelling"


def is_finished(state: str) -> bool:
    """Whether a state is final."""
    return state.startswith("Finished")
