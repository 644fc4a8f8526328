"""Facts about one task run. Which one, and which attempt of it, stands in the envelope."""

from typing import Annotated, Literal

from pydantic import Field

from rescind.events.journal.base import Event, UnversionedEvent
from rescind.events.words import (
    CascadePolicy,
    ChosenId,
    End,
    ErrorInfo,
    Evidence,
    How,
    Mode,
    Moment,
    Name,
    ResultRef,
    Rung,
    Seconds,
    TaskKind,
    Text,
    Wire,
)

__all__ = [
    "TaskCancellationTerms",
    "TaskCancelled",
    "TaskCancelling",
    "TaskCleanupReported",
    "TaskFailed",
    "TaskLateReport",
    "TaskRegistered",
    "TaskRetrying",
    "TaskStarted",
    "TaskStoppingReported",
    "TaskSucceeded",
]


class TaskRegistered(Event):
    """The task run is known and may ask to start."""

    type: Literal["task.registered.v1"] = "task.registered.v1"
    name: Name
    kind: TaskKind
    runner_id: ChosenId | None = None
    child_flow_run_id: ChosenId | None = None
    cascade: CascadePolicy | None = None


class TaskStarted(Event):
    """A start was granted to a runner: from here on the attempt is that runner's."""

    type: Literal["task.started.v1"] = "task.started.v1"
    runner_id: ChosenId
    valid_seconds: Seconds
    """Since the runner read the grant; an older grant is not used."""


class TaskRetrying(Event):
    """The attempt failed, and the next one may be asked for.

    ``retry_at`` is when its runner means to, by the runner's clock; nobody is held to it.
    """

    type: Literal["task.retrying.v1"] = "task.retrying.v1"
    runner_id: ChosenId
    end: Literal["failed", "crashed", "timed_out"]
    retry_at: Moment
    error: ErrorInfo | None = None


class TaskCancellationTerms(Wire):
    """What was agreed when the cancelling of one task run began."""

    cancellation_id: str
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: Seconds
    acknowledge_at: Moment
    deadline_at: Moment
    wait_until: Moment


class TaskCancelling(Event):
    """A task run alone is being cancelled; it will not be retried."""

    type: Literal["task.cancelling.v1"] = "task.cancelling.v1"
    terms: TaskCancellationTerms


class TaskCancelled(Event):
    """The task run is over, in the way that ``how`` says and with the evidence that there is."""

    type: Literal["task.cancelled.v1"] = "task.cancelled.v1"
    how: How
    stopped_confirmed: bool
    """False: nobody has seen it stop. True: no process of it is left or, of a call in the runner's
    own process, the call has returned; what that had started may go on."""
    runner_id: ChosenId | None = None
    error: ErrorInfo | None = None
    evidence: Evidence = Field(default_factory=dict)
    terms: TaskCancellationTerms | None = None
    """Of one that was cancelled alone while nobody held it: there was no ``task.cancelling``."""


class TaskSucceeded(Event):
    """The attempt ran to its good end, also when its flow run is cancelling."""

    type: Literal["task.succeeded.v1"] = "task.succeeded.v1"
    runner_id: ChosenId | None = None
    result_ref: ResultRef | None = None


class TaskFailed(Event):
    """The attempt ended badly; ``end`` says in which way."""

    type: Literal["task.failed.v1"] = "task.failed.v1"
    end: Literal["failed", "crashed", "timed_out"]
    runner_id: ChosenId | None = None
    stopped_confirmed: bool = True
    error: ErrorInfo | None = None
    evidence: Evidence = Field(default_factory=dict)


class TaskLateReport(UnversionedEvent):
    """A report of an attempt that has already ended, or was never the current one."""

    type: Literal["task.late_report.v1"] = "task.late_report.v1"
    runner_id: ChosenId | None = None
    """Nobody: it is the end of a child, told by the child's own stream."""
    end: End
    how: How | None = None
    result_ref: ResultRef | None = None
    error: ErrorInfo | None = None
    evidence: Evidence = Field(default_factory=dict)


class TaskStoppingReported(Event):
    """A rung of the ladder was taken. A stuck run explains itself by its last rung."""

    type: Literal["task.stopping.v1"] = "task.stopping.v1"
    runner_id: ChosenId
    rung: Rung
    after_ms: Annotated[int, Field(ge=0)]
    outcome: Literal["done", "failed", "unsupported"]
    message: Text = ""
    evidence: Evidence = Field(default_factory=dict)


class TaskCleanupReported(Event):
    """A clean-up step of the task run began or ended."""

    type: Literal["task.cleanup.v1"] = "task.cleanup.v1"
    runner_id: ChosenId
    outcome: Literal["started", "done", "failed", "timed_out"]
    after_ms: Annotated[int, Field(ge=0)]
    message: Text = ""
