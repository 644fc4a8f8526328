"""What runners are told, and the small records by which they are known to live.

An inbox record is everything one transaction has to say to one runner: a grant and an intent
can then never overtake each other. All of it is idempotent by id; a runner keeps what it has
acted on.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import FailFast, Field

from rescind.events.refusals import Code
from rescind.events.traces import Traceparent
from rescind.events.words import (
    Actor,
    ChosenId,
    Handle,
    HostName,
    Mode,
    Moment,
    Seconds,
    Text,
    Wire,
)

__all__ = [
    "Accepted",
    "Canary",
    "CancelFlow",
    "CancelTask",
    "Grant",
    "Heartbeat",
    "Inbox",
    "Lost",
    "Refusal",
    "Reminder",
    "StopInfrastructure",
]


class _Told(Wire):
    # A runner older than the service must still hear the rest of what it is told.
    model_config = Wire.model_config | {"extra": "ignore"}


class Grant(_Told):
    """One attempt may start, if that happens within ``valid_seconds`` of reading this."""

    flow_run_id: ChosenId
    task_run_id: ChosenId
    attempt: int
    valid_seconds: Seconds
    ancestors: tuple[ChosenId, ...] = ()
    """For a child: its parent's own ancestors, to be named in its `ParentLink`."""


class Refusal(_Told):
    """A request of this runner, or one item of it, was refused."""

    request_id: str
    flow_run_id: ChosenId | None = None
    task_run_id: ChosenId | None = None
    item: int | None = None
    code: Code
    message: Text
    first: str | None = None


class Accepted(_Told):
    """A request of this runner that has no other answer took effect."""

    request_id: str
    flow_run_id: ChosenId | None = None
    item: int | None = None


class CancelFlow(_Told):
    """Stop all you hold of this flow run and start no more of it."""

    flow_run_id: ChosenId
    cancellation_id: str
    mode: Mode
    grace_seconds: Seconds
    deadline_at: Moment
    reason: Text = ""
    actor: Actor | None = None
    traceparent: Traceparent = None


class CancelTask(_Told):
    """Stop this attempt; the rest of the flow run goes on."""

    flow_run_id: ChosenId
    task_run_id: ChosenId
    attempt: int
    cancellation_id: str
    mode: Mode
    grace_seconds: Seconds
    deadline_at: Moment
    reason: Text = ""
    actor: Actor | None = None
    traceparent: Traceparent = None


class StopInfrastructure(_Told):
    """End another runner's infrastructure from outside.

    Told to one runner of its scope that can, and to the next one until somebody reports it done.
    """

    flow_run_id: ChosenId
    target_runner_id: ChosenId
    handle: Handle
    cancellation_id: str | None = None
    grace_seconds: Seconds = 0.0
    traceparent: Traceparent = None


class Lost(_Told):
    """You were given up: kill what you hold and register as a new runner."""

    reason: Text = ""


class Inbox(_Told):
    """Everything that one transaction says to one runner."""

    type: ClassVar[str] = "inbox.v1"

    runner_id: ChosenId
    grants: tuple[Grant, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    cancel_flow: tuple[CancelFlow, ...] = ()
    cancel_task: tuple[CancelTask, ...] = ()
    stop_infrastructure: tuple[StopInfrastructure, ...] = ()
    lost: Lost | None = None


class Heartbeat(_Told):
    """A runner lives. Sent every 5 seconds; the broker's append time is what counts."""

    type: ClassVar[str] = "heartbeat.v1"

    runner_id: ChosenId
    flow_run_ids: Annotated[tuple[ChosenId, ...], Field(max_length=10_000), FailFast()] = ()
    at: Moment
    """By the runner's own clock: beside the append time, it shows by how much that is off."""
    host: HostName = ""


class Canary(_Told):
    """A service's own heartbeat: to hear it come back, and to see when the broker has stamped it.

    While an agent's comes back, silence of a runner counts; a worker learns the time by its own.
    """

    type: ClassVar[str] = "canary.v1"

    agent_id: str
    service: Literal["worker", "agents", "doctor"]
    host: HostName
    sent_at: Moment
    """By the sender's own clock: beside the append time, it shows by how much that is off."""


class Reminder(_Told):
    """Told again after a heartbeat: the fallback for an intent that was missed."""

    type: ClassVar[str] = "reminder.v1"

    runner_id: ChosenId
    cancel_flow: tuple[CancelFlow, ...] = ()
    cancel_task: tuple[CancelTask, ...] = ()
    lost: Lost | None = None
