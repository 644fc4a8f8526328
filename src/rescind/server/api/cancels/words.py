"""What a cancel is asked with over HTTP, and what it is answered with."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, ValidationInfo

from rescind.events.journal import Account
from rescind.events.words import Actor, CascadePolicy, Mode, Moment, Seconds, Text

__all__ = [
    "Agreed",
    "CancelAnswer",
    "CancelFlowRun",
    "CancelOutcome",
    "CancelTaskRun",
    "GraceSeconds",
]

# Not from a text or a truth value, as pydantic would have it.
_Seconds = Annotated[Seconds, Strict()]


def _none_with_an_abort(seconds: float | None, info: ValidationInfo) -> float | None:
    # It would be dropped, and whoever gave it would believe that what runs has so long.
    if seconds and info.data.get("mode") is Mode.ABORT:
        raise ValueError("expected no grace with an abort, which gives none; leave out one of them")
    return seconds


GraceSeconds = Annotated[_Seconds | None, AfterValidator(_none_with_an_abort)]
"""Of a model whose ``mode`` stands before it."""

CancelOutcome = Literal[
    "cancelled", "cancelling", "escalated", "already_cancelling", "armed", "accepted"
]


class CancelTaskRun(BaseModel):
    """How a task run is to be cancelled. Nothing of it is needed."""

    # A word that is not known is a mistake of whoever types it, and would change what happens.
    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Text = ""
    """Shown wherever the cancellation is."""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: GraceSeconds = None
    """How long the ladder may take; 0 is an abort, which has no other grace. Left out: the flow
    run's, or the service's."""
    deadline_seconds: _Seconds | None = None
    """When the service ends what has not ended, without evidence."""


class CancelFlowRun(CancelTaskRun):
    """How a flow run is to be cancelled. Nothing of it is needed."""

    cascade: CascadePolicy | None = None
    """For all its children alike; left out, each child's own policy holds."""


class Agreed(BaseModel):
    """The cancellation that holds: the first one's, whoever asks after it."""

    cancellation_id: str
    asked_by: Actor | None = None
    asked_at: Moment | None = None
    reason: Text = ""
    mode: Mode | None = None
    grace_seconds: float | None = None
    deadline_at: Moment | None = None
    armed_until: Moment | None = None
    """Of one that waits for a flow run which nobody knows: until when."""
    account: Account | None = None
    """Of one that is over: what became of the task runs."""


class CancelAnswer(BaseModel):
    """What came of a cancel."""

    outcome: CancelOutcome
    message: str
    """The same in a sentence."""
    flow_run_id: str
    task_run_id: str | None = None
    request_id: str
    cancellation: Agreed | None = None
