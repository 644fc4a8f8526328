"""Flow runs and task runs as the read model has them, a moment behind the journal."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import AwareDatetime, Field

from rescind.client.answers.cancelling import CancellationState
from rescind.client.answers.words import (
    Answer,
    ErrorInfo,
    KnownCascade,
    KnownEnd,
    KnownHow,
    KnownKind,
    ParentLink,
)

__all__ = [
    "Counts",
    "FlowRun",
    "FlowRunWhole",
    "Group",
    "HaltShown",
    "LateReport",
    "PageOf",
    "Runner",
    "RunnerCapabilities",
    "TaskRunWhole",
    "TaskState",
]

T = TypeVar("T")


class PageOf(Answer, Generic[T]):
    """Some rows of a list."""

    items: tuple[T, ...]
    cursor: str | None = None
    """Ask with it for the next page; none after the last one."""


class HaltShown(Answer):
    """Since which record of the journal this run stands still in the read model, and why."""

    partition: int
    offset: int
    error: str


class _Run(Answer):
    schema_version: int = Field(default=1, alias="schema")
    state: str
    """As ``Running.Cancelling``."""
    state_path: tuple[str, ...]
    is_finished: bool
    version: int
    last_event_id: str
    flow_run_id: str
    is_running: bool
    name: str
    runner_id: str | None = None
    registered_at: AwareDatetime
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    cancellation: CancellationState | None = None
    result_ref: str | None = None
    error: ErrorInfo | None = None


class FlowRun(_Run):
    """A flow run."""

    is_cancelling: bool
    namespace: str
    labels: Mapping[str, str] = Field(default_factory=dict)
    parent: ParentLink | None = None
    rerun_of: str | None = None
    body_end: KnownEnd | None = None
    quarantined: bool = False
    task_runs_pending: int = 0
    """How many of its task runs wait for a grant."""
    task_runs_running: int = 0
    """How many hold one, the body among them."""
    forgotten_at: AwareDatetime | None = None
    """When the service forgot it: the id is free again."""
    halt: HaltShown | None = None


class Group(Answer):
    """Task runs of a flow run that are alike."""

    name: str
    state: str
    how: KnownHow | None = None
    count: int
    unconfirmed: int = 0
    started_at: AwareDatetime | None = None
    """When the first of them started."""
    finished_at: AwareDatetime | None = None
    """When the last of them ended."""
    late_reports_count: int = 0
    """How many reports of them came when they were over."""


class LateReport(Answer):
    """What was said when it was over. It is kept, and the state stays."""

    at: AwareDatetime
    task_run_id: str | None = None
    """None: the end of the flow run as a whole."""
    attempt: int | None = None
    runner_id: str | None = None
    """None: it is the end of a child, told by the child's own stream."""
    end: KnownEnd
    """The end that was reported."""
    how: KnownHow | None = None
    result_ref: str | None = None
    error: ErrorInfo | None = None
    state: str
    """Of what it is about, as that is now."""


class FlowRunWhole(FlowRun):
    """One flow run, with its task runs in groups of those that are alike."""

    task_runs: tuple[Group, ...] = ()
    late_reports: tuple[LateReport, ...] = ()
    """What came when it, or a task run of it, was over: the first 50, and the timeline has all."""
    late_reports_count: int = 0


class TaskState(_Run):
    """A task run."""

    task_run_id: str
    kind: KnownKind
    attempt: int
    child_flow_run_id: str | None = None
    cascade: KnownCascade | None = None
    retry_at: AwareDatetime | None = None
    how: KnownHow | None = None
    """In what way it came to be cancelled."""
    stopped_confirmed: bool | None = None
    """Whether it was seen to stop."""
    evidence: Mapping[str, Any] = Field(default_factory=dict)


class TaskRunWhole(TaskState):
    """One task run, and what was said of it when it was over."""

    late_reports: tuple[LateReport, ...] = ()
    """The first 50; its timeline has all."""
    late_reports_count: int = 0


class RunnerCapabilities(Answer):
    """What a runner's executor can do about running work."""

    executor: str = "custom"
    can_stop_pending: bool = True
    can_interrupt: bool = False
    can_kill: bool = False
    can_tear_down: bool = False
    may_exit: bool = False
    survivors: str = ""


class Runner(Answer):
    """A runner, as the partitions that it uses have it."""

    runner_id: str
    states: Mapping[int, str]
    """In each of these partitions: ``Registered``, ``Gone.Left`` or ``Gone.Lost``."""
    since: AwareDatetime
    """Of the latest of those."""
    pool: str = ""
    scope: str = ""
    capabilities: RunnerCapabilities | None = None
    handle_kind: str | None = None
    """By what it can be ended from outside, if it can."""
    task_runs_held: int = 0
    last_heard_at: AwareDatetime | None = None
    """By the broker's clock; None: not lately, as far as the server has listened."""


class Counts(Answer):
    """How many flow runs are in which state."""

    by_state: Mapping[str, int]
    total: int
