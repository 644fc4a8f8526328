"""The state topics: the whole current state of one run in one record.

A consumer needs nothing else. A flow run's record is written when something happened to the
flow run, not with each of its task runs. `schema` rises when a field changes its meaning.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rescind.events.journal.flow import Account
from rescind.events.words import (
    Actor,
    CascadePolicy,
    ChosenId,
    End,
    ErrorInfo,
    Evidence,
    How,
    Labels,
    Mode,
    Moment,
    Name,
    ParentLink,
    ResultRef,
    Seconds,
    TaskKind,
    Text,
    Wire,
)

__all__ = ["CancellationState", "FlowState", "TaskState"]


class _State(Wire):
    # Consumers of an older release go on when a newer one says more.
    model_config = Wire.model_config | {"extra": "ignore", "serialize_by_alias": True}

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    state: str
    """As ``Running.Cancelling``."""
    state_path: tuple[str, ...]
    is_finished: bool
    version: int
    """The stream's version when this was written. A flow run's may be written again unchanged,
    with what its task runs have added to the version meanwhile."""
    last_event_id: str
    flow_run_id: ChosenId


class CancellationState(Wire):
    """The one cancelling of a run, as it stands."""

    model_config = Wire.model_config | {"extra": "ignore"}

    cancellation_id: str
    actor: Actor | None = None
    reason: Text = ""
    mode: Mode
    asked_at: Moment
    grace_seconds: Seconds
    deadline_at: Moment
    wait_until: Moment
    told: tuple[ChosenId, ...] = ()
    acknowledged: tuple[ChosenId, ...] = ()
    bulk_id: ChosenId | None = None
    named_end: str = "cancelled"
    account: Account | None = None


class FlowState(_State):
    """The whole current state of one flow run."""

    type: ClassVar[str] = "flow.state.v1"

    is_running: bool
    is_cancelling: bool
    name: Name
    namespace: Name
    labels: Labels
    runner_id: ChosenId | None = None
    parent: ParentLink | None = None
    rerun_of: ChosenId | None = None
    registered_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    cancellation: CancellationState | None = None
    body_end: End | None = None
    result_ref: ResultRef | None = None
    error: ErrorInfo | None = None
    quarantined: bool = False


class TaskState(_State):
    """The whole current state of one task run."""

    type: ClassVar[str] = "task.state.v1"

    is_running: bool
    task_run_id: ChosenId
    name: Name
    kind: TaskKind
    attempt: int
    runner_id: ChosenId | None = None
    child_flow_run_id: ChosenId | None = None
    cascade: CascadePolicy | None = None
    registered_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    retry_at: Moment | None = None
    how: How | None = None
    stopped_confirmed: bool | None = None
    cancellation: CancellationState | None = None
    result_ref: ResultRef | None = None
    error: ErrorInfo | None = None
    evidence: Evidence = Field(default_factory=dict)
