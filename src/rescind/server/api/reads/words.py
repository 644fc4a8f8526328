"""What reads are answered with: the wire's own words for states, and some of the lists' own."""

from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel

from rescind.events.states import CancellationState, FlowState, TaskState
from rescind.events.words import Actor, How, Mode, Moment, Text
from rescind.server.api.reads.late import LateReport
from rescind.server.api.reads.way import ChildShown, StepShown, TeardownShown, WarningShown
from rescind.server.readmodel.queries.answers import (
    CancelAccount,
    FlowRunDetails,
    FlowRunRow,
    LateReports,
    TaskGroup,
    WaitedFor,
)
from rescind.statemachine.runs import Armed

__all__ = [
    "ArmedShown",
    "CancellationShown",
    "Counts",
    "FlowRun",
    "FlowRunWhole",
    "Group",
    "PageOf",
    "TaskRunWhole",
]

T = TypeVar("T")


class PageOf(BaseModel, Generic[T]):
    """Some rows of a list."""

    items: tuple[T, ...]
    cursor: str | None
    """Ask with it for the next page; none after the last one."""


class HaltShown(BaseModel):
    """Since which record of the journal this run stands still here, and why."""

    partition: int
    offset: int
    error: str


class FlowRun(FlowState):
    """A flow run: its state as the state topic has it, and what the read model knows beside."""

    task_runs_pending: int
    """How many of its task runs wait for a grant."""
    task_runs_running: int
    """How many hold one, the body among them."""
    forgotten_at: Moment | None = None
    """When the service forgot it: the id is free again."""
    halt: HaltShown | None = None

    @classmethod
    def of(cls, row: FlowRunRow) -> Self:
        return cls(**_of_row(row))


def _of_row(row: FlowRunRow) -> dict[str, Any]:
    halt = row.halt
    return dict(row.state) | {
        "task_runs_pending": row.pending,
        "task_runs_running": row.running,
        "forgotten_at": row.forgotten_at_ms,
        "halt": None
        if halt is None
        else HaltShown(partition=halt.partition, offset=halt.offset, error=halt.error),
    }


class Group(BaseModel):
    """Task runs of a flow run that are alike."""

    name: str
    state: str
    how: How | None
    count: int
    unconfirmed: int
    started_at: Moment | None
    """When the first of them started."""
    finished_at: Moment | None
    """When the last of them ended."""
    late_reports_count: int
    """How many reports of them came when they were over."""

    @classmethod
    def of(cls, group: TaskGroup) -> Self:
        return cls(
            name=group.name,
            state=group.state,
            how=group.how,
            count=group.count,
            unconfirmed=group.unconfirmed,
            started_at=group.started_at_ms,
            finished_at=group.finished_at_ms,
            late_reports_count=group.late,
        )


class FlowRunWhole(FlowRun):
    """One flow run, with its task runs in groups of those that are alike."""

    task_runs: tuple[Group, ...]
    late_reports: tuple[LateReport, ...]
    """What came when it, or a task run of it, was over: the first 50, and the timeline has all."""
    late_reports_count: int

    @classmethod
    def of_details(cls, details: FlowRunDetails) -> Self:
        groups = tuple(map(Group.of, details.groups))
        return cls(**_of_row(details.row), task_runs=groups, **_of_late(details.late))


class TaskRunWhole(TaskState):
    """One task run, and what was said of it when it was over."""

    late_reports: tuple[LateReport, ...]
    """The first 50; its timeline has all."""
    late_reports_count: int

    @classmethod
    def of(cls, task: TaskState, late: LateReports) -> Self:
        return cls(**dict(task), **_of_late(late))


def _of_late(late: LateReports) -> dict[str, Any]:
    return {
        "late_reports": tuple(map(LateReport.of, late.first)),
        "late_reports_count": late.count,
    }


class Counts(BaseModel):
    """How many flow runs are in which state."""

    by_state: dict[str, int]
    total: int


class RunnerWaitedFor(BaseModel):
    """A runner that holds work of a run that is being cancelled."""

    runner_id: str
    task_runs: int
    """The body among them, if it is open; no children."""
    told: bool
    acknowledged: bool
    can_stop: bool | None
    """Whether it has said that it can stop all of them; none: of some it has not said, or of so
    many that not all were looked at."""
    cannot_stop: tuple[str, ...]
    """Of which task runs it has said that it cannot; at most twenty."""

    @classmethod
    def of(cls, one: WaitedFor) -> Self:
        return cls(
            runner_id=one.runner_id,
            task_runs=one.task_runs,
            told=one.told,
            acknowledged=one.acknowledged,
            can_stop=one.can_stop,
            cannot_stop=one.cannot_stop,
        )


class CancellationShown(BaseModel):
    """The account of a cancellation as it stands: at the end, or on the way there."""

    flow_run_id: str
    task_run_id: str | None = None
    state: str
    """Of the run that is cancelled."""
    cancellation: CancellationState
    ended: dict[How, int] = {}
    """How many task runs were cancelled in which way."""
    unconfirmed: int = 0
    pending: int = 0
    waited_for: tuple[RunnerWaitedFor, ...] = ()
    steps: tuple[StepShown, ...] = ()
    """The rungs of the ladder that were taken, in the order in which each was first."""
    warnings: tuple[WarningShown, ...] = ()
    """Of executors, the latest last; at most twenty."""
    teardowns: tuple[TeardownShown, ...] = ()
    children: tuple[ChildShown, ...] = ()
    """Those that were begun, the open ones first; at most a hundred."""
    children_total: int = 0
    late_reports_count: int = 0
    """How many reports came, since it was asked, when what they are about was over."""

    @classmethod
    def of_flow(cls, account: CancelAccount) -> Self:
        return cls(
            flow_run_id=account.flow_run_id,
            state=account.state,
            cancellation=account.cancellation,
            ended=dict(account.ended),
            unconfirmed=account.unconfirmed,
            pending=account.pending,
            waited_for=tuple(map(RunnerWaitedFor.of, account.waited_for)),
            steps=tuple(map(StepShown.of, account.steps)),
            warnings=tuple(map(WarningShown.of, account.warnings)),
            teardowns=tuple(map(TeardownShown.of, account.teardowns)),
            children=tuple(map(ChildShown.of, account.family.children)),
            children_total=account.family.total,
            late_reports_count=account.late,
        )

    @classmethod
    def of_task(cls, task: TaskState, cancellation: CancellationState, late: int) -> Self:
        return cls(
            flow_run_id=task.flow_run_id,
            task_run_id=task.task_run_id,
            state=task.state,
            cancellation=cancellation,
            ended={} if task.how is None else {task.how: 1},
            unconfirmed=int(task.stopped_confirmed is False),
            late_reports_count=late,
        )


class ArmedShown(BaseModel):
    """A cancellation that waits for a flow run which nobody knows."""

    flow_run_id: str
    state: Literal["armed"] = "armed"
    cancellation_id: str
    asked_by: Actor | None
    asked_at: Moment
    reason: Text
    mode: Mode
    armed_until: Moment

    @classmethod
    def of(cls, armed: Armed) -> Self:
        return cls(
            flow_run_id=armed.flow_run_id,
            cancellation_id=armed.cancellation_id,
            asked_by=armed.actor,
            asked_at=armed.at_ms,
            reason=armed.reason,
            mode=armed.mode,
            armed_until=armed.until_ms,
        )
