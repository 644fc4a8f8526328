"""Facts about a flow run as a whole."""

from typing import Annotated, Literal

from pydantic import Field

from rescind.events.journal.base import Event, UnversionedEvent
from rescind.events.words import (
    CascadePolicy,
    ChosenId,
    Clocks,
    End,
    ErrorInfo,
    Evidence,
    Labels,
    Mode,
    Moment,
    Name,
    ParentLink,
    ResultRef,
    Seconds,
    Text,
    Wire,
)

__all__ = [
    "Account",
    "CancellationTerms",
    "FlowBodyFinished",
    "FlowCancelled",
    "FlowCancelling",
    "FlowFailed",
    "FlowForgotten",
    "FlowLateReport",
    "FlowQuarantined",
    "FlowRegistered",
    "FlowStarted",
    "FlowSucceeded",
]


class CancellationTerms(Wire):
    """What was agreed when a cancellation began. Repeats never change it."""

    cancellation_id: str
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    named_end: Literal["cancelled", "failed", "crashed", "timed_out"] = "cancelled"
    """What the flow run becomes once nothing is open; another than ``cancelled`` when the
    service itself began this, after a loss, or its own runner, after its time limit."""
    grace_seconds: Seconds
    acknowledge_at: Moment
    deadline_at: Moment
    wait_until: Moment
    cascade: CascadePolicy | None = None
    bulk_id: ChosenId | None = None


class Account(Wire):
    """What became of the task runs of a cancelled flow run."""

    cancelled: int = 0
    """Ended so while running, seen to stop or not; the next two are counted apart."""
    never_started: int = 0
    not_retried: int = 0
    succeeded: int = 0
    failed: int = 0
    unconfirmed: int = 0
    """Of all that ended, those counted above too: nobody has seen them stop."""
    took_ms: Annotated[int, Field(ge=0)] = 0
    """From the request to this end, by the broker's clock."""


class FlowRegistered(Event):
    """The flow run is known and Pending."""

    type: Literal["flow.registered.v1"] = "flow.registered.v1"
    name: Name
    namespace: Name
    labels: Labels
    parent: ParentLink | None = None
    rerun_of: ChosenId | None = None
    runner_id: ChosenId | None = None
    clocks: Clocks


class FlowStarted(Event):
    """The flow run is Running and belongs to a runner."""

    type: Literal["flow.started.v1"] = "flow.started.v1"
    runner_id: ChosenId
    body_task_run_id: ChosenId | None = None


class FlowCancelling(Event):
    """Nothing more of this flow run starts; who holds a piece of it will be told."""

    type: Literal["flow.cancelling.v1"] = "flow.cancelling.v1"
    terms: CancellationTerms


class FlowCancelled(Event):
    """The flow run is over: its last task run has ended, or there was none to stop."""

    type: Literal["flow.cancelled.v1"] = "flow.cancelled.v1"
    cancellation_id: str
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    account: Account
    bulk_id: ChosenId | None = None
    """Of a bulk cancellation that had nothing to stop here; else it is in the terms."""


class FlowSucceeded(Event):
    """The flow run ended well."""

    type: Literal["flow.succeeded.v1"] = "flow.succeeded.v1"
    result_ref: ResultRef | None = None


class FlowFailed(Event):
    """The flow run ended badly; ``end`` says in which way."""

    type: Literal["flow.failed.v1"] = "flow.failed.v1"
    end: Literal["failed", "crashed", "timed_out"]
    error: ErrorInfo | None = None
    account: Account | None = None
    """Present when it ended by way of a cancellation by the service."""


class FlowBodyFinished(Event):
    """The body proposed an end while the flow run is cancelling: kept, and the cancel wins."""

    type: Literal["flow.body_finished.v1"] = "flow.body_finished.v1"
    end: End
    result_ref: ResultRef | None = None
    error: ErrorInfo | None = None


class FlowLateReport(UnversionedEvent):
    """A report of the flow run's end that came after its end. The state stays."""

    type: Literal["flow.late_report.v1"] = "flow.late_report.v1"
    runner_id: ChosenId
    end: End
    result_ref: ResultRef | None = None
    error: ErrorInfo | None = None
    evidence: Evidence = Field(default_factory=dict)


class FlowForgotten(Event):
    """The stub of a finished flow run is dropped; its id may begin a new life."""

    type: Literal["flow.forgotten.v1"] = "flow.forgotten.v1"


class FlowQuarantined(Event):
    """An impossible event was met in this stream: it refuses everything, the others go on."""

    type: Literal["flow.quarantined.v1"] = "flow.quarantined.v1"
    error: Text
