"""Of flow runs, task runs and runners, and of what the journal has of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from rescind.events.journal import FlowLateReport, TaskLateReport
from rescind.events.states import FlowState
from rescind.events.words import Handle, How, RunnerCapabilities, StreamKind

__all__ = [
    "FlowRunDetails",
    "FlowRunRow",
    "Halt",
    "JournalEvent",
    "LateReport",
    "LateReports",
    "RunnerRow",
    "TaskGroup",
]


@dataclass(frozen=True, slots=True)
class Halt:
    """Since where a stream stands still here, because an event of it could not be folded."""

    partition: int
    offset: int
    error: str


@dataclass(frozen=True, slots=True)
class FlowRunRow:
    """A flow run in a list, with how many of its task runs wait for a grant and hold one."""

    state: FlowState
    pending: int
    running: int
    forgotten_at_ms: int | None
    halt: Halt | None


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Task runs of a flow run that are alike; times are the first and the last of them."""

    name: str
    state: str
    how: How | None
    count: int
    unconfirmed: int
    started_at_ms: int | None
    finished_at_ms: int | None
    late: int = 0
    """How many reports of them came when they were over."""


@dataclass(frozen=True, slots=True)
class LateReport:
    """What was said when it was over, and when, and what it is about as that is now.

    About the flow run as a whole: no task run and no attempt.
    """

    at_ms: int
    task_run_id: str | None
    attempt: int | None
    said: TaskLateReport | FlowLateReport
    is_body: bool
    state: str
    how: How | None
    finished_at_ms: int | None


@dataclass(frozen=True, slots=True)
class LateReports:
    """How many there are, and the first of them as they came.

    ``of_groups`` has how many are about task runs of a name, state and way to end, and
    ``of_unconfirmed`` how many task runs have reported that nobody had seen stop; both without
    the body, as accounts count.
    """

    count: int
    of_groups: Mapping[tuple[str, str, How | None], int]
    of_unconfirmed: int
    first: tuple[LateReport, ...]


@dataclass(frozen=True, slots=True)
class FlowRunDetails:
    """One flow run with its task runs in groups: a few, however many there are.

    ``body_state``: of the flow's own code, which is in none of the groups; None: there is none.
    ``interrupts``: whether the executors of its runners interrupt; None: some do, or nobody knows.
    """

    row: FlowRunRow
    groups: tuple[TaskGroup, ...]
    body_state: str | None
    interrupts: bool | None
    late: LateReports


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """A runner, with its state in each partition that it has used."""

    runner_id: str
    states: Mapping[int, str]
    since_ms: int
    pool: str
    scope: str
    capabilities: RunnerCapabilities | None
    handle: Handle | None
    task_runs_held: int


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One record of the journal with its place; ``value`` is its own bytes."""

    partition: int
    offset: int
    at_ms: int
    stream_kind: StreamKind | None
    stream_id: str | None
    task_run_id: str | None
    type: str | None
    code: str | None
    value: bytes | None
    error: str | None
