"""Of bulk cancellations."""

from dataclasses import dataclass

from rescind.server.readmodel.queries.answers.runs import Halt
from rescind.statemachine.runs import Bulk

__all__ = [
    "BulkItemRow",
    "BulkRow",
]


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A bulk cancellation, and from when on it goes at its present pace.

    ``since_ms`` and ``since_asked``: when it was started or resumed last, and how many flow runs
    had been asked by then; ``told_ms``: when the last one that was asked was told of.
    """

    bulk: Bulk
    since_ms: int | None
    since_asked: int | None
    told_ms: int | None
    forgotten_at_ms: int | None
    halt: Halt | None


@dataclass(frozen=True, slots=True)
class BulkItemRow:
    """What came of one flow run that was asked; its name and state are those of now, if known."""

    number: int
    flow_run_id: str
    outcome: str
    event_id: str
    at_ms: int
    name: str | None
    state: str | None
