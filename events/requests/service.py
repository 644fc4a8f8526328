"""What only the service asks of itself, signed with its key.

A clock, a loss and a child's end are requests like any other, so that the order in the lane
decides every race: the report that was there first is judged first.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from rescind.events.requests.base import FlowRequest, Lane, RunnerScoped
from rescind.events.requests.cancellation import CancellationId
from rescind.events.requests.task import AttemptNumber
from rescind.events.words import ChosenId, End, ErrorInfo, How, Moment, ResultRef, Text

__all__ = [
    "CancellationClock",
    "ChildFinished",
    "Clock",
    "RequestDenied",
    "RunnerForget",
    "RunnerLost",
]


class Clock(StrEnum):
    """Which clock struck."""

    ACKNOWLEDGE = "acknowledge"
    DEADLINE = "deadline"
    WAIT_SECONDS_MAX = "wait_seconds_max"
    TEARDOWN = "teardown"
    ARMED = "armed"
    FORGET = "forget"


class CancellationClock(FlowRequest):
    """A clock of a flow run, or of one of its task runs, has struck by the broker's time."""

    lane: ClassVar[Lane] = "stop"
    service_only: ClassVar[bool] = True

    type: Literal["cancellation.clock"] = "cancellation.clock"
    clock: Clock
    due_at: Moment
    """Which setting of the clock this is: one that was set anew makes it stale."""
    cancellation_id: CancellationId | None = None
    task_run_id: ChosenId | None = None


class RunnerLost(RunnerScoped):
    """A runner has been silent for too long while heartbeats demonstrably flowed."""

    lane: ClassVar[Lane] = "stop"
    service_only: ClassVar[bool] = True

    type: Literal["runner.lost"] = "runner.lost"
    reason: Text = ""


class RunnerForget(RunnerScoped):
    """The time of a runner that is gone is over: its stub, which refuses its return, is dropped."""

    lane: ClassVar[Lane] = "stop"
    service_only: ClassVar[bool] = True

    type: Literal["runner.forget"] = "runner.forget"
    due_at: Moment
    """When that is due by the stub as it is: any other time makes it stale."""


class ChildFinished(FlowRequest):
    """The partition of a child tells its parent's that the child has ended."""

    lane: ClassVar[Lane] = "stop"
    service_only: ClassVar[bool] = True

    type: Literal["child.finished"] = "child.finished"
    task_run_id: ChosenId
    attempt: AttemptNumber = 1
    child_flow_run_id: ChosenId
    end: End
    how: How | None = None
    """For a child that was cancelled: ``graceful``, or ``never_started``."""
    stopped_confirmed: bool = True
    """False: something of the child was never seen to stop."""
    error: ErrorInfo | None = None
    result_ref: ResultRef | None = None


class RequestDenied(FlowRequest):
    """A door of the service (HTTP) turned somebody away; kept for the audit."""

    lane: ClassVar[Lane] = "stop"
    service_only: ClassVar[bool] = True

    type: Literal["request.denied"] = "request.denied"
    asked: Annotated[str, StringConstraints(max_length=64)]
    permission: Annotated[str, StringConstraints(max_length=64)]
