"""Facts about the edge between a flow run and a child of it."""

from typing import Literal

from rescind.events.journal.base import Event
from rescind.events.words import ChosenId, End, ErrorInfo, How, Mode, ResultRef

__all__ = [
    "ChildCancelSent",
    "ChildEndSent",
    "ChildFinishedRecorded",
    "ChildGivenUp",
    "ChildNotCancelled",
    "ChildReleased",
]


class ChildCancelSent(Event):
    """The broker has the cancel for this child."""

    type: Literal["child.cancel_sent.v1"] = "child.cancel_sent.v1"
    child_flow_run_id: ChosenId
    mode: Mode = Mode.GRACEFUL
    only_unregistered: bool = False
    """True: it reaches the child only if that was never registered."""


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
    """The child has ended, and so has the task run that stands for it in its parent."""

    type: Literal["child.finished.v1"] = "child.finished.v1"
    child_flow_run_id: ChosenId
    end: End
    how: How | None = None
    stopped_confirmed: bool = True
    error: ErrorInfo | None = None
    result_ref: ResultRef | None = None


class ChildGivenUp(Event):
    """The runner that was to register the child will not: it is gone, or gave its grant back.

    The child may be registered all the same, and then goes on; if it is not, it never will be.
    """

    type: Literal["child.given_up.v1"] = "child.given_up.v1"
    child_flow_run_id: ChosenId


class ChildReleased(Event):
    """The parent has ended without this child (policy ``request`` or ``none``); it goes on."""

    type: Literal["child.released.v1"] = "child.released.v1"
    child_flow_run_id: ChosenId
