"""Requests about task runs: each carries a list, and each item gets its own outcome."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, FailFast, Field, StringConstraints, model_validator

from rescind.events.requests.base import ITEMS_MAX, FlowRequest, Lane, Namespaces
from rescind.events.words import (
    CascadePolicy,
    ChosenId,
    ElapsedMs,
    End,
    ErrorInfo,
    How,
    Mode,
    Moment,
    Name,
    ReportedEvidence,
    ResultRef,
    Rung,
    Seconds,
    Text,
)

__all__ = [
    "AttemptNumber",
    "Step",
    "TaskCancel",
    "TaskCleanup",
    "TaskEnd",
    "TaskFinish",
    "TaskRegister",
    "TaskSpec",
    "TaskStart",
    "TaskStopping",
    "TaskToStart",
]

AttemptNumber = Annotated[int, Field(ge=1, le=1_000_000)]


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    task_run_id: ChosenId


class TaskSpec(_Item):
    """A task run to register. A child is registered here first, in its parent's stream."""

    name: Name = "task"
    kind: Literal["task", "child"] = "task"
    child_flow_run_id: ChosenId | None = None
    cascade: CascadePolicy = CascadePolicy.WAIT

    @model_validator(mode="after")
    def _children_name_their_flow_run(self) -> Self:
        if (self.kind == "child") is (self.child_flow_run_id is None):
            but = "it is missing" if self.kind == "child" else "this task run is none"
            raise ValueError(f"expected child_flow_run_id for a child alone, but {but}")
        return self


class TaskToStart(_Item):
    """An attempt that its runner asks leave to begin."""

    attempt: AttemptNumber = 1


class TaskEnd(_Item):
    """How one attempt ended; the first end that Kafka has is the one that counts."""

    attempt: AttemptNumber = 1
    end: End
    retry_at: Moment | None = None
    """The attempt failed and another will be asked for, about then by the runner's clock. Keeping
    to it is the runner's affair: the next attempt is granted whenever it is asked for."""
    how: How | None = None
    """For a cancelled attempt: ``graceful``, ``forced`` or ``never_started``."""
    stopped_confirmed: bool = True
    error: ErrorInfo | None = None
    result_ref: ResultRef | None = None
    evidence: ReportedEvidence = Field(default_factory=dict)


class Step(_Item):
    """One rung of the ladder, taken for one attempt."""

    attempt: AttemptNumber = 1
    rung: Rung
    after_ms: ElapsedMs
    """Since the intent was read, on the runner's clock."""
    outcome: Literal["done", "failed", "unsupported"] = "done"
    message: Text = ""
    evidence: ReportedEvidence = Field(default_factory=dict)


class TaskRegister(FlowRequest):
    """Make task runs known."""

    lane: ClassVar[Lane] = "start"

    type: Literal["task.register"] = "task.register"
    runner_id: ChosenId | None = None
    items: Annotated[tuple[TaskSpec, ...], Field(min_length=1, max_length=ITEMS_MAX), FailFast()]


class TaskStart(FlowRequest):
    """Ask leave to begin attempts. Asking again as their owner repeats the grant."""

    lane: ClassVar[Lane] = "start"

    type: Literal["task.start"] = "task.start"
    runner_id: ChosenId
    items: Annotated[tuple[TaskToStart, ...], Field(min_length=1, max_length=ITEMS_MAX), FailFast()]


class TaskFinish(FlowRequest):
    """Report ends of attempts."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["task.finish"] = "task.finish"
    runner_id: ChosenId
    items: Annotated[tuple[TaskEnd, ...], Field(min_length=1, max_length=ITEMS_MAX), FailFast()]


class TaskStopping(FlowRequest):
    """Report rungs of the ladder that were taken."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["task.stopping"] = "task.stopping"
    runner_id: ChosenId
    cancellation_id: Annotated[str, StringConstraints(max_length=256)] | None = None
    items: Annotated[tuple[Step, ...], Field(min_length=1, max_length=ITEMS_MAX), FailFast()]


class TaskCleanup(FlowRequest):
    """Report what became of a clean-up step; it runs inside its attempt, before the end."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["task.cleanup"] = "task.cleanup"
    runner_id: ChosenId
    task_run_id: ChosenId
    attempt: AttemptNumber = 1
    outcome: Literal["started", "done", "failed", "timed_out"]
    after_ms: ElapsedMs = 0
    message: Text = ""


class TaskCancel(FlowRequest):
    """Ask that one task run be cancelled; the flow run goes on."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["task.cancel"] = "task.cancel"
    task_run_id: ChosenId
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: Seconds | None = None
    deadline_seconds: Seconds | None = None
    namespaces: Namespaces | None = None
    """Where whoever asks may cancel: to them a flow run elsewhere is unknown."""
