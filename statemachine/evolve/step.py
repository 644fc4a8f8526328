"""One step through the table of edges."""

from rescind.errors import NoTransitionError
from rescind.events.journal import Entry, FlowFailed, TaskFailed
from rescind.statemachine.edges import Edges

__all__ = ["step", "trigger_of"]


def trigger_of(entry: Entry) -> str:
    """The trigger that an event pulls: its type without the version, its end with it."""
    event = entry.event
    name = event.type.rpartition(".v")[0]
    if isinstance(event, FlowFailed | TaskFailed) and event.end != "failed":
        return f"{name}.{event.end}"
    return name


def step(edges: Edges, state: str, entry: Entry, run_id: str) -> str:
    """The state after an event.

    Raises:
        NoTransitionError: the table has no edge for it.

    """
    try:
        return edges[state, trigger_of(entry)]
    except KeyError:
        raise NoTransitionError(run_id, state, entry.event.type) from None
