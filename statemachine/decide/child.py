"""Children: a flow run of its own, for which a task run stands in the stream of its parent.

The end of a child is told by its own stream and by nobody else. Its parent's runner can only say
that it will not register the child; whether the child was registered all the same, the child's
stream knows.
"""

from typing import Final

from rescind.events.journal import (
    ChildFinishedRecorded,
    ChildGivenUp,
    FlowCancelled,
    FlowRegistered,
    TaskLateReport,
)
from rescind.events.journal.flow import Account
from rescind.events.refusals import Code
from rescind.events.requests import ChildFinished, FlowCancel, TaskEnd, TaskFinish
from rescind.events.words import Clocks, End, How, ParentLink
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.guards import quarantined_flow, unknown_flow
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_finished, is_running
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.runs import FlowRun, TaskRun
from rescind.statemachine.terms import mode_of

__all__ = [
    "ANCESTORS_MAX",
    "finish_child",
    "give_up_child",
    "is_edge_of",
    "left_alone",
    "stub",
    "too_deep",
]

ANCESTORS_MAX: Final = 32
"""How many flow runs may be above one."""


def too_deep(flow_run_id: str, above: tuple[str, ...]) -> Refused | None:
    """Whether a flow run may be a child below these, nearest last."""
    if flow_run_id in above:
        but = f"{flow_run_id!r} is one of those above it"
    elif len(above) > ANCESTORS_MAX:
        but = f"{len(above)} are above {flow_run_id!r}"
    else:
        return None
    expected = f"a chain of at most {ANCESTORS_MAX} different flow runs above a child"
    return refuse(Code.TOO_DEEP, expected, but)


def is_edge_of(flow: FlowRun, link: ParentLink) -> bool:
    """Whether it is this task run of this parent that stands for the flow run."""
    own = flow.parent
    return own is not None and (own.flow_run_id, own.task_run_id) == (
        link.flow_run_id,
        link.task_run_id,
    )


def left_alone(request: FlowCancel, flow: FlowRun) -> Refused | None:
    """Why a parent's cancel is not for this flow run, if it is not."""
    link = request.parent
    if link is None:
        return None
    if not is_edge_of(flow, link):
        return refuse(
            Code.NO_SUCH_EDGE,
            f"a child of {link.flow_run_id!r} by its task run {link.task_run_id!r}",
            f"{flow.flow_run_id!r} is none",
            first=flow.registered_id,
        )
    if request.only_unregistered and flow.end is None:
        return refuse(
            Code.STALE,
            "a child that was never registered",
            f"{flow.flow_run_id!r} is {flow.state}, and goes on",
            first=flow.registered_id,
        )
    return None


def stub(request: FlowCancel, asked: Asked, draft: Draft, policy: Policy) -> tuple[Happened, ...]:
    """A child that nobody has registered: it is over before anybody can begin it."""
    armed = draft.armed_for(request.flow_run_id)
    born = FlowRegistered(
        name="child", namespace="default", labels={}, parent=request.parent, clocks=Clocks()
    )
    over = FlowCancelled(
        # Somebody may have asked before: that is the first cancel then.
        cancellation_id=asked.event_id(1) if armed is None else armed.cancellation_id,
        reason=request.reason if armed is None else armed.reason,
        mode=mode_of(request, None, policy) if armed is None else armed.mode,
        account=Account(),
    )
    return Happened(born), Happened(over)


def finish_child(request: ChildFinished, draft: Draft) -> Answer:
    """The end of a child, for the task run that stands for it; also after its parent's end."""
    answer = _finish_child(request, draft)
    if isinstance(answer, Refused):
        return answer._replace(task_run_id=request.task_run_id)
    return answer


def _finish_child(request: ChildFinished, draft: Draft) -> Answer:
    flow = draft.flow(request.flow_run_id)
    if flow is None:
        return unknown_flow(request.flow_run_id)
    if flow.quarantined:
        return quarantined_flow(request.flow_run_id)
    task = draft.task(request.flow_run_id, request.task_run_id)
    child = request.child_flow_run_id
    if task is None or task.child is None or task.child.flow_run_id != child:
        return refuse(
            Code.UNKNOWN_TASK,
            f"a task run that stands for {child!r}",
            f"{request.task_run_id!r} does not",
        )
    if is_finished(task.state):
        return _told_after_the_end(request, task)
    if not is_running(task.state):
        return refuse(
            Code.NO_SUCH_EDGE, "a child whose start was granted", f"{child!r} is {task.state}"
        )
    ended = ChildFinishedRecorded(
        child_flow_run_id=child,
        end=request.end,
        how=request.how,
        stopped_confirmed=request.stopped_confirmed,
        error=request.error,
        result_ref=request.result_ref,
    )
    return (Happened(ended, task.task_run_id, task.attempt),)


def _told_after_the_end(request: ChildFinished, task: TaskRun) -> Answer:
    if task.end is request.end:
        return refuse(
            Code.DUPLICATE,
            "a new end",
            f"{task.task_run_id!r} is {task.state} already",
            first=task.event_id,
        )
    late = TaskLateReport(
        end=request.end, how=request.how, result_ref=request.result_ref, error=request.error
    )
    return (Happened(late, task.task_run_id, task.attempt),)


def give_up_child(request: TaskFinish, item: TaskEnd, task: TaskRun) -> Answer:
    """What the runner that was granted a child can report of it: that it will not register it."""
    line = task.child
    assert line is not None
    if item.end is not End.CANCELLED or item.how is not How.NEVER_STARTED:
        return refuse(
            Code.NOT_OWNER,
            f"the end of {line.flow_run_id!r} from that flow run itself",
            f"{request.runner_id!r} reports one; a child that it did not register ends"
            " cancelled, never_started",
            task_run_id=task.task_run_id,
        )
    given_up = ChildGivenUp(child_flow_run_id=line.flow_run_id)
    return (Happened(given_up, task.task_run_id, task.attempt),)
