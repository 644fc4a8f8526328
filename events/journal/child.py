"""Facts about the edge between a flow run and a child of it."""

from typing import Literal

from rescind.events.journal.base import Event
from rescind.events.words import ChosenId, End, ErrorInfo, ResultRef

__all__ = [
    "ChildCancelSent",
    "ChildEndSent",
    "ChildFinishedRecorded",
    "ChildNotCancelled",
    "ChildReleased",
]


class ChildCancelSent(Event):
    """The broker has the cancel for this child."""

    type: Literal["child.cancel_sent.v1"] = "child.cancel_sent.v1"
    child_flow_run_id: ChosenId


class ChildNotCancelled(Event):
    """The child's policy is ``none``: it was left alone."""

    type: Literal["child.not_cancelled.v1"] = "child.not_cancelled.v1"
    child_flow_run_id: ChosenId


class ChildEndSent(Event):
    """The broker has the end of this flow run for its parent."""

    type: Literal["child.end_sent.v1"] = "child.end_sent.v1"
    parent_flow_run_id: ChosenId
    end: End


class ChildFinishedRecorded(Event):
    """A released child has ended; its parent's own end did not wait for it."""

    type: Literal["child.finished.v1"] = "child.finished.v1"
    child_flow_run_id: ChosenId
    end: End
    error: ErrorInfo | None = None
    result_ref: ResultRef | None = None


class ChildReleased(Event):
    """The parent ends without waiting for this child (policy ``request`` or ``none``)."""

    type: Literal["child.released.v1"] = "child.released.v1"
    child_flow_run_id: ChosenId
