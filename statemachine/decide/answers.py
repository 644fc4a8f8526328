"""What a decision is made of: things that happened, and refusals.

A decision never writes anything; it proposes. `rescind.statemachine.answer` gives the proposals
their envelopes and folds them.
"""

from typing import NamedTuple

from rescind.events.journal import AnyEvent
from rescind.events.refusals import Code

__all__ = ["Answer", "Happened", "Refused", "refuse"]


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
