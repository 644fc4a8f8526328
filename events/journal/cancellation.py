"""Facts about the way of a cancellation: told, acknowledged, escalated, torn down."""

from typing import Annotated, Literal

from pydantic import Field

from rescind.events.journal.base import Event
from rescind.events.requests.cancellation import HeldAttempt
from rescind.events.requests.service import Clock
from rescind.events.words import ChosenId, Evidence, Handle, Mode, Moment, Seconds, Text

__all__ = [
    "CancellationAcknowledged",
    "CancellationArmed",
    "CancellationClockFired",
    "CancellationEscalated",
    "CancellationLapsed",
    "CancellationSent",
    "CancellationWarning",
    "ExecutorFailed",
    "InfrastructureTeardown",
]


class CancellationArmed(Event):
    """Nobody knows this flow run yet; one that registers in time is born cancelled."""

    type: Literal["cancellation.armed.v1"] = "cancellation.armed.v1"
    cancellation_id: str
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    until: Moment


class CancellationLapsed(Event):
    """An armed cancellation is dropped: its time is over, or there were too many."""

    type: Literal["cancellation.lapsed.v1"] = "cancellation.lapsed.v1"
    cancellation_id: str


class CancellationSent(Event):
    """The intent is in the inboxes of these runners, in this very transaction."""

    type: Literal["cancellation.sent.v1"] = "cancellation.sent.v1"
    cancellation_id: str
    runner_ids: tuple[ChosenId, ...]
    acknowledge_at: Moment
    """When those who have not acknowledged by then are told again."""


class CancellationAcknowledged(Event):
    """A runner knows of it and says what it holds (one of its numbered chunks)."""

    type: Literal["cancellation.acknowledged.v1"] = "cancellation.acknowledged.v1"
    cancellation_id: str
    runner_id: ChosenId
    chunk: Annotated[int, Field(ge=0)]
    last: bool
    held: tuple[HeldAttempt, ...]


class CancellationEscalated(Event):
    """A graceful cancellation was asked to abort; the first request stays the first."""

    type: Literal["cancellation.escalated.v1"] = "cancellation.escalated.v1"
    cancellation_id: str
    reason: Text = ""
    grace_seconds: Seconds = 0.0
    deadline_at: Moment


class CancellationClockFired(Event):
    """A clock struck; what followed from it has this as its cause."""

    type: Literal["cancellation.clock_fired.v1"] = "cancellation.clock_fired.v1"
    cancellation_id: str
    clock: Clock


class CancellationWarning(Event):
    """An executor warns of what it cannot do; the cancellation goes on."""

    type: Literal["cancellation.warning.v1"] = "cancellation.warning.v1"
    runner_id: ChosenId
    executor: str = ""
    message: Text


class ExecutorFailed(Event):
    """``Executor.cancel`` raised. The ladder goes on."""

    type: Literal["executor.failed.v1"] = "executor.failed.v1"
    runner_id: ChosenId
    executor: str = ""
    message: Text


class InfrastructureTeardown(Event):
    """A teardown from outside was asked for, began, succeeded, or failed with a reason.

    Asked for, it is told to this runner in this very transaction; without a runner nobody lives
    who serves that scope. Given up, it is asked for no more, and nothing waits for it.
    """

    type: Literal["infrastructure.teardown.v1"] = "infrastructure.teardown.v1"
    outcome: Literal["asked", "started", "done", "failed", "given_up"]
    target_runner_id: ChosenId
    runner_id: ChosenId | None = None
    handle: Handle
    cancellation_id: str | None = None
    grace_seconds: Seconds = 0.0
    again_at: Moment | None = None
    """When somebody is asked again, unless it is done by then."""
    until: Moment | None = None
    """When it is given up, unless it is done by then."""
    code: str = ""
    message: Text = ""
    evidence: Evidence = Field(default_factory=dict)
