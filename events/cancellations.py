"""Which entries of the journal the small topic `cancellations` repeats.

The story of cancelling flow runs, for whoever wants no more than that: no event of a single
task run, however many of them a flow run has.
"""

from typing import Final

__all__ = ["tells_of_cancellations"]

_BEGINNINGS: Final = (
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
)


def tells_of_cancellations(event_type: str, task_run_id: str | None) -> bool:
    """Whether an entry with this type, of a flow run (None) or of a task run, is repeated."""
    return task_run_id is None and event_type.startswith(_BEGINNINGS)
