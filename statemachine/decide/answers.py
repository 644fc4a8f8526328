"""What a decision is made of: things that happened, and refusals.

A decision never writes anything; it proposes. `rescind.statemachine.answer` gives the proposals
their envelopes and folds them.
"""

from typing import NamedTuple

from rescind.events.journal import AnyEvent, RequestRefused
from rescind.events.refusals import Code

__all__ = ["Answer", "Happened", "Refused", "as_events", "refuse"]


class Happened(NamedTuple):
    """An event that follows from a request, before it has an envelope."""

    event: AnyEvent
    task_run_id: str | None = None
    attempt: int | None = None


class Refused(NamedTuple):
    """The request, or this item of it, changes nothing."""

    code: Code
    message: str
    first: str | None = None
    task_run_id: str | None = None


Answer = tuple[Happened, ...] | Refused
"""What one request, or one item of one, leads to. Never empty."""


def refuse(
    code: Code, expected: str, but: str, first: str | None = None, task_run_id: str | None = None
) -> Refused:
    """A refusal in the one shape that they have: «expected …, but …»."""
    return Refused(code, f"expected {expected}, but {but}", first, task_run_id)


def as_events(answer: Answer, request_type: str, item: int | None) -> list[Happened]:
    """What a decision says has happened; a refusal is an event too."""
    if isinstance(answer, Refused):
        refused = RequestRefused(
            request_type=request_type,
            code=answer.code,
            message=answer.message,
            item=item,
            first=answer.first,
        )
        return [Happened(refused, answer.task_run_id)]
    return list(answer)
