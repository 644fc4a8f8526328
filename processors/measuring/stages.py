"""How far each cancellation has come, and how long after it was asked: read off what was written.

    asked -> journal -> told -> acknowledged -> last_task -> cancelled

All times are the broker's. `journal` and `told` end at the commit that makes the event, or the
intent, readable; `acknowledged` and `last_task` at the broker's time of the report that said so,
and `cancelled` at the commit of the end, so that the last two differ by what the service took.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, get_args

from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationSent,
    Entry,
    FlowCancelled,
    FlowCancelling,
)
from rescind.statemachine.draft import Draft

__all__ = ["STAGES", "Passed", "Stage", "passed"]

Stage = Literal["journal", "told", "acknowledged", "last_task", "cancelled"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


class Passed(NamedTuple):
    """A cancellation has passed a stage, so many seconds after it was asked."""

    stage: Stage
    seconds: float


_MARKS: Final = (FlowCancelling, CancellationSent, CancellationAcknowledged, FlowCancelled)


def passed(entries: Iterable[Entry], draft: Draft, committed_ms: int) -> Iterator[Passed]:
    """The stages of flow runs' cancellations that a transaction has passed.

    `committed_ms` is the broker's time just after its commit. An acknowledgement counts once for
    each runner: with the last of its chunks.
    """
    for entry in entries:
        if not isinstance(entry.event, _MARKS) or entry.task_run_id is not None:
            continue
        flow = draft.flow(entry.stream_id)
        if flow is None or flow.cancellation is None:
            continue
        asked_ms = flow.cancellation.asked_ms
        committed = max(committed_ms - asked_ms, 0) / 1000
        reported = max(entry.at_ms - asked_ms, 0) / 1000
        match entry.event:
            case FlowCancelling():
                yield Passed("journal", committed)
            case CancellationSent():
                yield Passed("told", committed)
            case CancellationAcknowledged(last=True):
                yield Passed("acknowledged", reported)
            case FlowCancelled():
                yield Passed("last_task", reported)
                yield Passed("cancelled", committed)
            case _:
                pass
