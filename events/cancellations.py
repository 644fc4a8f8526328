"""Which entries of the journal the small topic `cancellations` repeats.

The stories of cancellations, for whoever wants no more than that: of flow runs, of single
task runs that are cancelled alone, and of bulk cancellations. The task runs of a flow run that is
cancelled are not among it, however many it has.
"""

from typing import Final

__all__ = ["tells_of_cancellations"]

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
