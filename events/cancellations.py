"""Which entries of the journal the small topic `cancellations` repeats.

The stories of cancellations, for whoever wants no more than that: of flow runs, of single
task runs that are cancelled alone, and of bulk cancellations. The task runs of a flow run that is
cancelled are not among it, however many it has.
"""

from typing import Final

from rescind.events.moments import Moment
from rescind.events.words import Actor, ChosenId, Labels, Mode, Name, Text, Wire

__all__ = ["ABOUT_HEADER", "AboutFlow", "tells_of_cancellations", "tells_of_flow"]

ABOUT_HEADER: Final = "rescind-about"
"""The header of a record there which says what its event does not: `AboutFlow`, as JSON."""

_ABOUT_FLOWS: Final = ("flow.cancelling.", "flow.cancelled.", "flow.failed.", "flow.quarantined.")

_OF_FLOW_RUNS: Final = (
    "flow.cancelling.",
    "flow.cancelled.",
    "flow.failed.",
    "flow.body_finished.",
    "flow.quarantined.",
    # Of every flow run: what was said of this id before is about another life.
    "flow.forgotten.",
    "cancellation.",
    "executor.failed.",
    "infrastructure.",
    "bulk.",
)
_OF_TASK_RUNS: Final = (
    "task.cancelling.",
    "task.cancelled.",
    "task.succeeded.",
    "task.failed.",
    "cancellation.",
)


def tells_of_cancellations(event_type: str, *, of_task_run: bool) -> bool:
    """Whether an entry with this type is repeated.

    Of a task run only if that is cancelled alone: whoever asks knows that it is.
    """
    return event_type.startswith(_OF_TASK_RUNS if of_task_run else _OF_FLOW_RUNS)


def tells_of_flow(event_type: str) -> bool:
    """Whether its record there says of which flow run it is, in a header."""
    return event_type.startswith(_ABOUT_FLOWS)


class AboutFlow(Wire):
    """Of which flow run a cancellation is, and who asked for it and why.

    Whoever reads the topic alone would else have to look for it in all that came before.
    """

    # Consumers of an older release go on when a newer one says more.
    model_config = Wire.model_config | {"extra": "ignore"}

    name: Name
    namespace: Name
    labels: Labels
    state: str
    """As ``Running.Cancelling``, after what happened in the same transaction."""
    cancellation_id: str | None = None
    """Without one nobody has asked to cancel it."""
    actor: Actor | None = None
    reason: Text = ""
    mode: Mode | None = None
    bulk_id: ChosenId | None = None
    deadline_at: Moment | None = None
    body_unconfirmed: bool | None = None
    """Nobody has seen its body stop; not there if that is not so. No account counts the body."""
