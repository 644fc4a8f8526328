"""What questions are answered with: frozen, and made of the words that the wire has for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from rescind.events.journal import FlowLateReport, TaskLateReport
from rescind.events.states import CancellationState, FlowState
from rescind.events.words import Handle, How, RunnerCapabilities, StreamKind
from rescind.statemachine.partition import Known
from rescind.statemachine.runs import Bulk, FlowRun, RunnerRecord, TaskRun

__all__ = [
    "BulkItemRow",
    "BulkRow",
    "CancelAccount",
    "Cancellable",
    "Children",
    "FlowRunDetails",
    "FlowRunRow",
    "Halt",
    "Holder",
    "JournalEvent",
    "LateReport",
    "LateReports",
    "RunnerRow",
    "TaskGroup",
    "WaitedFor",
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
    """One flow run with its task runs in groups: a few, however many there are."""

    row: FlowRunRow
    groups: tuple[TaskGroup, ...]
    late: LateReports


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """A runner that holds task runs of a flow run which is being cancelled."""

    runner_id: str
    task_runs: int
    told: bool
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class CancelAccount:
    """What has become of a cancellation so far.

    ``ended`` has how many task runs were cancelled in which way.
    """

    flow_run_id: str
    state: str
    cancellation: CancellationState
    ended: Mapping[How, int]
    unconfirmed: int
    pending: int
    waited_for: tuple[WaitedFor, ...]
    late: int
    """How many reports came, since it was asked, when what they are about was over."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A runner that holds work, and what it has said of itself; None: it is not known there."""

    runner_id: str
    task_runs: int
    said: RunnerRecord | None


@dataclass(frozen=True, slots=True)
class Children:
    """How many running children a cancel waits for, only cancels, and leaves alone.

    Each by its own policy: a cancel may say another one for all of them.
    """

    waited_for: int = 0
    asked: int = 0
    left_alone: int = 0


@dataclass(frozen=True, slots=True)
class Cancellable:
    """A run as a cancel would find it: ``known`` is what the rule looks at."""

    flow: FlowRun | None
    task: TaskRun | None
    known: tuple[Known, ...]
    holders: tuple[Holder, ...]
    children: Children


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


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A bulk cancellation, and from when on it goes at its present pace.

    ``since_ms`` and ``since_asked``: when it was started or resumed last, and how many flow runs
    had been asked by then; ``told_ms``: when the last one that was asked was told of.
    """

    bulk: Bulk
    since_ms: int | None
    since_asked: int | None
    told_ms: int | None
    forgotten_at_ms: int | None
    halt: Halt | None


@dataclass(frozen=True, slots=True)
class BulkItemRow:
    """What came of one flow run that was asked; its name and state are those of now, if known."""

    number: int
    flow_run_id: str
    outcome: str
    event_id: str
    at_ms: int
    name: str | None
    state: str | None
