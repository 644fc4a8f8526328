"""Requests about a flow run as a whole."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from rescind.events.requests.base import FlowRequest, Lane, Namespaces
from rescind.events.words import (
    CascadePolicy,
    ChosenId,
    Clocks,
    End,
    ErrorInfo,
    Labels,
    Mode,
    Moment,
    Name,
    ParentLink,
    ReportedEvidence,
    ResultRef,
    Seconds,
    Text,
)

__all__ = ["BodySpec", "FlowCancel", "FlowFinish", "FlowRegister", "FlowStart"]


class BodySpec(BaseModel):
    """The flow's own code, as the task run that it is."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    task_run_id: ChosenId
    name: Name = "body"


class FlowRegister(FlowRequest):
    """Make a flow run known. It is Pending until it is started."""

    lane: ClassVar[Lane] = "start"

    type: Literal["flow.register"] = "flow.register"
    name: Name = "flow"
    namespace: Name = "default"
    labels: Labels = Field(default_factory=dict)
    parent: ParentLink | None = None
    rerun_of: ChosenId | None = None
    runner_id: ChosenId | None = None
    clocks: Clocks = Clocks()


class FlowStart(FlowRequest):
    """Begin a flow run; with a body, that is granted in the same step."""

    lane: ClassVar[Lane] = "start"

    type: Literal["flow.start"] = "flow.start"
    runner_id: ChosenId
    body: BodySpec | None = None


class FlowFinish(FlowRequest):
    """Report the end of a flow run that has no body (a body's end is a ``task.finish``)."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["flow.finish"] = "flow.finish"
    runner_id: ChosenId
    end: End
    error: ErrorInfo | None = None
    result_ref: ResultRef | None = None
    evidence: ReportedEvidence = Field(default_factory=dict)


class FlowCancel(FlowRequest):
    """Ask that a flow run be cancelled. ``{"type", "flow_run_id"}`` alone is a whole one."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["flow.cancel"] = "flow.cancel"
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: Seconds | None = None
    deadline_seconds: Seconds | None = None
    cascade: CascadePolicy | None = None
    """For all children alike; left out, each child's own policy holds."""
    bulk_id: ChosenId | None = None
    named_end: Literal["cancelled", "timed_out"] = "cancelled"
    """What the flow run becomes once nothing of it is open; ``timed_out`` is for its own runner,
    when its time limit has passed."""
    runner_id: ChosenId | None = None
    """Who asks, where that has to be the runner that owns the flow run."""
    parent: ParentLink | None = None
    """The edge by which the service hands a parent's cancel down: then an unknown child becomes
    a flow run that is cancelled and never started. It needs the service's signature."""
    registered_until: Moment | None = None
    """Only if it was registered by then: what came later under this id is left alone, and an
    unknown id is not armed."""
    only_unregistered: bool = False
    """With `parent`: the child is to be kept from beginning, and left alone if it is known."""
    namespaces: Namespaces | None = None
    """Where whoever asks may cancel: to them a flow run elsewhere is unknown, and an unknown id,
    which may come to be anywhere, is not armed."""
