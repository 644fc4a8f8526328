"""Of a cancellation as it stands, and of what a cancel would find."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rescind.events.states import CancellationState
from rescind.events.words import CascadePolicy, How, Rung
from rescind.statemachine.partition import Known
from rescind.statemachine.runs import FlowRun, RunnerRecord, TaskRun

__all__ = [
    "CancelAccount",
    "Cancellable",
    "ChildRow",
    "Children",
    "Family",
    "Holder",
    "StepTaken",
    "TeardownOutcome",
    "TeardownTold",
    "WaitedFor",
    "Warned",
]

TeardownOutcome = Literal["asked", "started", "done", "failed", "given_up"]


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

    ``can_stop``: whether it has said that it can stop all of them; None: of some it has not said,
    or of so many that not all were looked at.
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

    ``message`` is that of the latest report. ``at_least``: so much has happened that only the
    latest was looked at; of more task runs it may have been reported, and earlier.
    """

    rung: Rung
    outcome: str
    task_runs: int
    first_ms: int
    last_ms: int
    message: str
    at_least: bool


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

    ``is_reached``: somebody lives who ends from outside what is where it is; None: so many live
    that not all were asked, and none of those does.
    """

    runner_id: str
    task_runs: int
    said: RunnerRecord | None
    is_reached: bool | None


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
