"""What came of a cancel, what would come of one, and how far a cancellation is."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from rescind.client.answers.words import (
    Actor,
    Answer,
    KnownFate,
    KnownHow,
    KnownMode,
    KnownOutcome,
)

__all__ = [
    "Account",
    "Agreed",
    "ArmedShown",
    "CancelAnswer",
    "CancellationShown",
    "CancellationState",
    "ChildrenForecast",
    "Forecast",
    "RunnerForecast",
    "RunnerWaitedFor",
]


class Account(Answer):
    """What became of the task runs of a cancelled flow run."""

    cancelled: int = 0
    never_started: int = 0
    not_retried: int = 0
    succeeded: int = 0
    failed: int = 0
    unconfirmed: int = 0
    """Of all that ended, those counted above too: nobody has seen them stop."""
    took_ms: int = 0


class Agreed(Answer):
    """The cancellation that holds: the first one's, whoever asks after it."""

    cancellation_id: str
    asked_by: Actor | None = None
    asked_at: AwareDatetime | None = None
    reason: str = ""
    mode: KnownMode | None = None
    grace_seconds: float | None = None
    deadline_at: AwareDatetime | None = None
    armed_until: AwareDatetime | None = None
    """Of one that waits for a flow run which nobody knows: until when."""
    account: Account | None = None
    """Of one that is over."""


class CancelAnswer(Answer):
    """What came of a cancel."""

    outcome: KnownOutcome
    message: str
    """The same in a sentence."""
    flow_run_id: str
    task_run_id: str | None = None
    request_id: str
    """Of the request in the journal; it begins with the idempotency key."""
    cancellation: Agreed | None = None


class RunnerForecast(Answer):
    """What would become of what a runner holds."""

    runner_id: str
    task_runs: int
    fate: KnownFate
    executor: str | None = None
    survivors: str = ""
    """What the runner says that may outlive all that."""


class ChildrenForecast(Answer):
    """What would become of the child flow runs that run, by the policy of each."""

    waited_for: int = 0
    """Cancelled with it, and waited for."""
    asked: int = 0
    """Cancelled with it, and not waited for."""
    left_alone: int = 0
    """Going on."""


class Forecast(Answer):
    """What a cancel would come to if it came now. True if it can be cancelled.

    It may be overtaken, and is no promise.
    """

    can_cancel: bool
    outcome: KnownOutcome
    reason: str
    code: str | None = None
    """Of the refusal that it would be answered with."""
    state: str | None = None
    running: int
    """How many task runs hold a grant: the body too, and not those that stand for children."""
    not_started: int
    """How many would never start, or not be tried again."""
    runners: tuple[RunnerForecast, ...] = ()
    children: ChildrenForecast = ChildrenForecast()
    """Of a task run that is cancelled alone: itself, if it stands for one."""

    def __bool__(self) -> bool:
        return self.can_cancel


class CancellationState(Answer):
    """The one cancelling of a run, as it stands."""

    cancellation_id: str
    actor: Actor | None = None
    reason: str = ""
    mode: KnownMode
    asked_at: AwareDatetime
    grace_seconds: float
    deadline_at: AwareDatetime
    wait_until: AwareDatetime
    told: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    bulk_id: str | None = None
    named_end: str = "cancelled"
    account: Account | None = None


class RunnerWaitedFor(Answer):
    """A runner that holds work of a run that is being cancelled."""

    runner_id: str
    task_runs: int
    told: bool
    acknowledged: bool


class CancellationShown(Answer):
    """The account of a cancellation as it stands: at the end, or on the way there."""

    flow_run_id: str
    task_run_id: str | None = None
    state: str
    """Of the run that is cancelled."""
    cancellation: CancellationState
    ended: Mapping[KnownHow, int] = Field(default_factory=dict)
    """How many task runs were cancelled in which way."""
    unconfirmed: int = 0
    pending: int = 0
    waited_for: tuple[RunnerWaitedFor, ...] = ()
    late_reports_count: int = 0
    """How many reports came, since it was asked, when what they are about was over."""


class ArmedShown(Answer):
    """A cancellation that waits for a flow run which nobody knows."""

    flow_run_id: str
    state: Literal["armed"] = "armed"
    cancellation_id: str
    asked_by: Actor | None = None
    asked_at: AwareDatetime
    reason: str = ""
    mode: KnownMode
    armed_until: AwareDatetime
