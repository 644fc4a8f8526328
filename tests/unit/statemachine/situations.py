"""Every situation that a request can meet: a flow run and one task run of it, `t`, as they stand.

Each is led to by requests, so none is made up. What the rows of the golden table are.
"""

from typing import Final

from rescind.events.journal import Entry, FlowQuarantined, RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import Clock, FlowRegister
from rescind.events.words import CascadePolicy, End, ParentLink
from rescind.statemachine.decide.answers import Happened
from tests.scenario import Step, later
from tests.words import (
    B,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    child,
    child_finished,
    ended,
    flow,
    given_back,
    granted,
    lost,
    other_runner,
    outside,
    registered,
    runner,
    started,
    stopped,
    strikes,
    torn_down,
    with_body,
    within,
)
from tests.world import NOON_MS, RUN, World

__all__ = ["SITUATIONS"]


def quarantine(world: World) -> list[Entry]:
    """As the service does with a flow run that an impossible event was met in."""
    core = world.begin()
    asked = world.asked(cancel, "stop")
    refused = RequestRefused(code=Code.INTERNAL_ERROR, message="a bug")
    quarantined = FlowQuarantined(error="a bug")
    core.quarantine(asked, RUN, Happened(refused), Happened(quarantined))
    world.took(asked)
    return world.commit(core)


_RUNNERS: Final = (runner, other_runner, outside)
_PENDING: Final = (*_RUNNERS, flow)
_RUNNING: Final = (*_PENDING, with_body)
# Another task run keeps it open, whatever becomes of `t`.
_WITH_T: Final = (*_RUNNING, registered("other"), granted("other"), registered("t"))
_T_RUNNING: Final = (*_WITH_T, granted("t"))
_RETRYING: Final = (*_T_RUNNING, ended("t", end=End.FAILED, retry_at=NOON_MS))
_CANCELLING: Final = (*_T_RUNNING, cancel)
# The same with another that can be ended from outside, and that holds `t`.
_WITHIN: Final = (*_WITH_T, within(), granted("t", by=B))
_OVERDUE: Final = (
    *_WITHIN,
    cancel,
    acknowledged("body", cannot_stop=("other",)),
    acknowledged("t", by=B),
    strikes(Clock.DEADLINE),
)
_OVER: Final = (*_RUNNING, registered("t"), granted("t"), ended("t"))

_PARENT: Final = (*_RUNNING, child(), granted("t"))
_A_CHILD: Final = FlowRegister(
    flow_run_id=RUN, parent=ParentLink(flow_run_id="run-0", task_run_id="c")
)

SITUATIONS: Final[dict[str, tuple[Step, ...]]] = {
    "unknown": _RUNNERS,
    "unknown, armed": (*_RUNNERS, cancel),
    "Pending": _PENDING,
    "Pending; t Pending": (*_PENDING, registered("t")),
    "Pending; t Cancelled": (*_PENDING, registered("t"), cancel_task("t")),
    "Running without a body": (*_PENDING, started),
    "Running without a body; t Running": (*_PENDING, started, registered("t"), granted("t")),
    "Running": _RUNNING,
    "Running; t Pending": _WITH_T,
    "Running; t Retrying": _RETRYING,
    "Running; t Running": _T_RUNNING,
    "Running; t Running, second attempt": (*_RETRYING, granted("t", attempt=2)),
    "Running; t Running elsewhere": (*_WITH_T, granted("t", by=B)),
    "Running; t Cancelling": (*_T_RUNNING, cancel_task("t")),
    "Running; t Success": (*_T_RUNNING, ended("t")),
    "Running; t Failed": (*_T_RUNNING, ended("t", end=End.FAILED)),
    "Running; t Crashed with its runner": (*_WITH_T, granted("t", by=B), lost(B)),
    "Running; t Cancelled": (*_T_RUNNING, stopped("t")),
    "Cancelling without a body; t Running": (
        *_PENDING,
        started,
        registered("t"),
        granted("t"),
        cancel,
    ),
    "Cancelling; t unknown": (*_RUNNING, cancel),
    "Cancelling; t Running": _CANCELLING,
    "Cancelling; t Running, acknowledged": (*_CANCELLING, acknowledged("body", "other", "t")),
    "Cancelling; t Running, cannot be stopped": (
        *_CANCELLING,
        acknowledged("body", "other", cannot_stop=("t",)),
    ),
    "Cancelling; t Running, deadline over": (
        *_CANCELLING,
        acknowledged("body", "other", cannot_stop=("t",)),
        strikes(Clock.DEADLINE),
    ),
    "Running; t Running, its runner torn down": (*_WITHIN, lost(B)),
    "Running; t Crashed, its runner torn down": (*_WITHIN, lost(B), torn_down()),
    "Cancelling; t Running, its runner torn down": (*_WITHIN, cancel, lost(B)),
    "Cancelling; t Running, torn down at the deadline": _OVERDUE,
    "Cancelling; t Cancelled at the deadline, torn down": (*_OVERDUE, torn_down()),
    "Cancelling; t Cancelled at the deadline, given up": (
        *_OVERDUE,
        later(3_600),
        strikes(Clock.TEARDOWN),
    ),
    "Crashed, its runner torn down": (
        *_RUNNERS,
        within(),
        FlowRegister(flow_run_id=RUN, runner_id=B),
        lost(B),
    ),
    "Cancelling; t Cancelling": (*_T_RUNNING, cancel_task("t"), cancel),
    "Cancelling; t Success": (*_CANCELLING, ended("t")),
    "Cancelling; t Cancelled": (*_CANCELLING, stopped("t")),
    "Cancelling; body Success, t Running": (*_CANCELLING, body_ended()),
    "Cancelling to crash; t Running elsewhere": (*_WITH_T, granted("t", by=B), lost()),
    "Running; t a child, Pending": (*_RUNNING, child()),
    "Running; t a child, Running": _PARENT,
    "Running; t a child, Cancelling": (*_PARENT, cancel_task("t")),
    "Running; t a child, given up": (*_PARENT, given_back("t")),
    "Running; t a child, Success": (*_PARENT, child_finished()),
    "Cancelling; t a child, Running": (*_PARENT, cancel),
    "Success; t a child, Running": (
        *_RUNNING,
        child(cascade=CascadePolicy.NONE),
        granted("t"),
        body_ended(),
    ),
    "Pending, a child": (*_RUNNERS, _A_CHILD),
    "Cancelled, a child": (*_RUNNERS, _A_CHILD, cancel),
    "Success; t Success": (*_OVER, body_ended()),
    "Failed; t Success": (*_OVER, body_ended(End.FAILED)),
    "Crashed; t Success": (*_OVER, body_ended(End.CRASHED)),
    "TimedOut; t Success": (*_OVER, body_ended(End.TIMED_OUT)),
    "Cancelled; t Success": (*_OVER, cancel, body_ended()),
    "Cancelled; t Cancelled": (*_PENDING, registered("t"), cancel),
    "Cancelled before its birth": (*_RUNNERS, cancel, flow),
    "Success, stubs dropped": (*_OVER, body_ended(), World.sweep_all),
    "Success, forgotten": (*_OVER, body_ended(), World.sweep_all, strikes(Clock.FORGET)),
    "quarantined; t Running": (*_T_RUNNING, quarantine),
}
