"""What questions are answered with: frozen, and made of the words that the wire has for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rescind.events.journal import FlowLateReport, TaskLateReport
from rescind.events.states import CancellationState, FlowState
from rescind.events.words import CascadePolicy, Handle, How, Rung, RunnerCapabilities, StreamKind
from rescind.statemachine.partition import Known
from rescind.statemachine.runs import Bulk, FlowRun, RunnerRecord, TaskRun

__all__ = [
    "BulkItemRow",
    "BulkRow",
    "CancelAccount",
    "Cancellable",
    "ChildRow",
    "Children",
    "Family",
    "FlowRunDetails",
    "FlowRunRow",
    "Halt",
    "Holder",
    "JournalEvent",
    "LateReport",
    "LateReports",
    "RunnerRow",
    "StepTaken",
    "TaskGroup",
    "TeardownOutcome",
    "TeardownTold",
    "WaitedFor",
    "Warned",
]


TeardownOutcome = Literal["asked", "started", "done", "failed", "given_up"]


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
class ChildRow:
    """A child of a flow run. ``policy`` is the one that holds, ``state`` its own if it is known.

    ``cancel_sent``: Kafka has a cancel for it.
    """

    flow_run_id: str
    task_run_id: str
    policy: CascadePolicy
    state: str
    is_open: bool
    is_waited_for: bool
    cancel_sent: bool


@dataclass(frozen=True, slots=True)
class Family:
    """The children of a flow run: of very many the first ones, and how many there are."""

    children: tuple[ChildRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """A runner that holds task runs of a flow run which is being cancelled; no children.

    ``can_stop``: whether it has said that it can stop all of them; None: it has not said.
    ``cannot_stop``: of which it has said that it cannot, the first of them.
    """

    runner_id: str
    task_runs: int
    told: bool
    acknowledged: bool
    can_stop: bool | None
    cannot_stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A rung of the ladder with one outcome, and of how many task runs that was reported.

    ``message`` is that of the latest report.
    """

    rung: Rung
    outcome: str
    task_runs: int
    first_ms: int
    last_ms: int
    message: str


@dataclass(frozen=True, slots=True)
class Warned:
    """What an executor has warned of, or how it has failed."""

    at_ms: int
    runner_id: str
    executor: str
    message: str
    failed: bool


@dataclass(frozen=True, slots=True)
class TeardownTold:
    """The end of a runner's infrastructure from outside, as it stands.

    ``asked_of``: who was asked or has answered last; None: nobody lives who could do it.
    ``until_ms``: when it is given up, unless it is done by then.
    """

    runner_id: str
    kind: str
    scope: str
    is_shared: bool
    outcome: TeardownOutcome
    at_ms: int
    asked_of: str | None
    until_ms: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CancelAccount:
    """What has become of a cancellation so far.

    ``ended`` has how many task runs were cancelled in which way; ``body_id`` is the task run that
    is the flow's own code.
    """

    flow_run_id: str
    body_id: str | None
    state: str
    cancellation: CancellationState
    ended: Mapping[How, int]
    unconfirmed: int
    pending: int
    waited_for: tuple[WaitedFor, ...]
    steps: tuple[StepTaken, ...]
    warnings: tuple[Warned, ...]
    teardowns: tuple[TeardownTold, ...]
    family: Family
    late: int
    """How many reports came, since it was asked, when what they are about was over."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A runner that holds work, and what it has said of itself; None: it is not known there.

    ``is_reached``: somebody lives who ends from outside what is where it is.
    """

    runner_id: str
    task_runs: int
    said: RunnerRecord | None
    is_reached: bool


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
    """A run as a cancel would find it: ``known`` is what the rule looks at.

    ``holders`` is who holds what would be told to stop, without children; ``has_open_body``: the
    flow's own code is among that.
    """

    flow: FlowRun | None
    task: TaskRun | None
    known: tuple[Known, ...]
    holders: tuple[Holder, ...]
    has_open_body: bool
    family: Family
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
