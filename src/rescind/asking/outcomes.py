"""What the answer to a cancel means for whoever asked.

What was wanted counts, not who asked first: a run that is being cancelled already, or that was
cancelled before, is a success for the second who asks.
"""

from typing import Literal

from rescind.events.journal import (
    AnyEvent,
    CancellationArmed,
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    RequestRefused,
    TaskCancelled,
    TaskCancelling,
)
from rescind.events.refusals import Code

__all__ = ["Outcome", "is_answer", "outcome_of", "outcome_of_event", "outcome_of_refusal"]

Outcome = Literal[
    "cancelling", "cancelled", "armed", "escalated", "already_cancelling", "already_finished",
    "refused",
]  # fmt: skip

_SUCCESSES: dict[type, Outcome] = {
    FlowCancelling: "cancelling",
    TaskCancelling: "cancelling",
    FlowCancelled: "cancelled",
    TaskCancelled: "cancelled",
    CancellationArmed: "armed",
    CancellationEscalated: "escalated",
}


def is_answer(entry: Entry) -> bool:
    """Whether this is what a request comes to: the last entry of its outcome.

    A Pending flow run that is cancelled is answered with the ends of its task runs first. What
    follows from an outcome has a cause, and no source.
    """
    return entry.source is not None and entry.source.nth + 1 == entry.source.of


def outcome_of(entry: Entry, *, is_known: bool) -> Outcome:
    """What the answer to a cancel comes to; `is_known`: somebody has registered the run."""
    event = entry.event
    if isinstance(event, RequestRefused):
        return outcome_of_refusal(event.code, is_known=is_known)
    return outcome_of_event(event)


def outcome_of_event(event: AnyEvent) -> Outcome:
    """What an event that answers a cancel comes to."""
    return _SUCCESSES[type(event)]


def outcome_of_refusal(code: Code, *, is_known: bool) -> Outcome:
    """What the refusal of a cancel comes to."""
    match code:
        case Code.ALREADY_CANCELLING | Code.DUPLICATE:
            return "already_cancelling" if is_known else "armed"
        case Code.ALREADY_FINISHED:
            return "already_finished"
        case _:
            return "refused"
