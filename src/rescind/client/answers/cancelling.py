"""What came of a cancel, what would come of one, and how far a cancellation is."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from rescind.client.answers.words import (
    Actor,
    Answer,
    KnownCascade,
    KnownFate,
    KnownHow,
    KnownMode,
    KnownOutcome,
    KnownRung,
    KnownTeardownFate,
    KnownTeardownOutcome,
)

__all__ = [
    "Account",
    "Agreed",
    "ArmedShown",
    "CancelAnswer",
    "CancellationShown",
    "CancellationState",
    "ChildShown",
    "ChildrenForecast",
    "Forecast",
    "RunnerForecast",
    "RunnerWaitedFor",
    "StepShown",
    "TeardownForecast",
    "TeardownShown",
    "WarningShown",
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


class TeardownForecast(Answer):
    """What would become of what a runner lives in, if work of it did not end by itself."""

    fate: KnownTeardownFate
    kind: str | None = None
    """As ``docker``."""
    scope: str | None = None
    after_seconds: float | None = None
    """Of what is torn down: how long after the cancel; sooner if its runner is lost."""
    reached: bool | None = None
    """Of what is torn down: whether somebody lives now who could do it; None: not known, so many
    live."""


class RunnerForecast(Answer):
    """What would become of what a runner holds."""

    runner_id: str
    task_runs: int
    """The body among them, if it is open; no children."""
    fate: KnownFate
    executor: str | None = None
    survivors: str = ""
    """What the runner says that may outlive all that."""
    teardown: TeardownForecast | None = None


class ChildShown(Answer):
    """A child of the flow run, and what a cancel of its parent means for it."""

    flow_run_id: str
    task_run_id: str
    """The task run of the parent that stands for it."""
    state: str
    """Its own; of one in another namespace, of that task run."""
    policy: KnownCascade
    is_open: bool
    """It was begun and has not ended."""
    waited_for: bool
    """Its parent does not end before it, or would not, if it were cancelled now."""
    cancel_sent: bool
    """Kafka has a cancel for it."""


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
    """How many task runs hold a grant and would be told to stop; no children."""
    body_running: bool | None = None
    """Whether the flow's own code is one of them."""
    not_started: int
    """How many would never start, or not be tried again."""
    deadline_seconds: float | None = None
    """After how long what has not ended would be given up, or torn down."""
    wait_seconds: float | None = None
    """After how long that would be so of what cannot be stopped."""
    runners: tuple[RunnerForecast, ...] = ()
    children: tuple[ChildShown, ...] = ()
    """Those that were begun, the open ones first; of very many only some."""
    children_total: int = 0
    children_counts: ChildrenForecast = ChildrenForecast()
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
    """The body among them, if it is open; no children."""
    told: bool
    acknowledged: bool
    can_stop: bool | None = None
    """Whether it has said that it can stop all of them; None: of some it has not said, or of so
    many that not all were looked at."""
    cannot_stop: tuple[str, ...] = ()
    """Of which task runs it has said that it cannot; of very many the first."""


class StepShown(Answer):
    """A rung of the ladder that was taken, and what came of it."""

    rung: KnownRung
    outcome: str
    """As ``done``, ``failed`` or ``unsupported``."""
    task_runs: int
    """Of how many task runs that was reported."""
    at_least: bool = False
    """So much has happened that only the latest was looked at: it may be of more, and earlier."""
    first_at: AwareDatetime
    last_at: AwareDatetime
    message: str = ""


class WarningShown(Answer):
    """What an executor has warned of, or how it has failed. The cancellation goes on."""

    at: AwareDatetime
    """When it was said last."""
    runner_id: str
    executor: str = ""
    message: str
    failed: bool
    """True: its ``cancel`` has raised."""


class TeardownShown(Answer):
    """The end of a runner's infrastructure from outside, as it stands."""

    runner_id: str
    """Whose infrastructure it is."""
    kind: str
    scope: str
    shared: bool
    """It is ended because its runner was lost, and not waited for."""
    outcome: KnownTeardownOutcome
    at: AwareDatetime
    """Of that."""
    asked_of: str | None = None
    """The runner that was asked or has answered last; None: nobody lives who could do it."""
    given_up_at: AwareDatetime | None = None
    """When it will be, unless it is done by then."""
    code: str = ""
    """Of a failure, also while somebody is asked again."""
    message: str = ""


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
    steps: tuple[StepShown, ...] = ()
    """The rungs of the ladder that were taken, in the order in which each was first."""
    warnings: tuple[WarningShown, ...] = ()
    """Of executors, the latest last."""
    teardowns: tuple[TeardownShown, ...] = ()
    children: tuple[ChildShown, ...] = ()
    """Those that were begun, the open ones first; of very many only some."""
    children_total: int = 0
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
