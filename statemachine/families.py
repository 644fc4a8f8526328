"""Parents and children: the policy of an edge, and what one stream has to tell the other.

They are in different partitions, so nothing is decided about both at once. What one has to tell
the other is an *errand*: it follows from the state, is sent as a request after the commit, and
is owed again after a restart until the broker has it and an event says so. A second one of the
same is harmless: the ids are the same, and the first end of a child is the one that counts.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rescind.events.journal import ChildCancelSent, ChildEndSent
from rescind.events.requests import ChildFinished, FlowCancel
from rescind.events.words import Actor, CascadePolicy, End, How, Mode, ParentLink
from rescind.statemachine.cascades import policy_of
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.decide.child import is_edge_of
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_running
from rescind.statemachine.partition import Partition
from rescind.statemachine.runs import Cancellation, FlowRun, TaskRun

__all__ = [
    "Errand",
    "all_errands",
    "answer_to_edge",
    "errand_request",
    "errands_of_flow",
    "owed_to_child",
    "owed_to_parent",
    "recorded",
]

LIFECYCLE: Final = Actor(kind="service", id="lifecycle")


class Errand(NamedTuple):
    """Something that another partition has to be told, by what it is about."""

    flow_run_id: str
    task_run_id: str = ""
    """The task run that stands for the child; empty: the flow run's own end, for its parent."""
    mode: Mode | None = None
    """How the child is to be cancelled; None: it is only to be kept from beginning."""


def owed_to_child(flow: FlowRun, task: TaskRun) -> Errand | None:
    """What the child of this task run is to be told and was not yet."""
    line = task.child
    if line is None or not is_running(task.state) or flow.quarantined:
        return None
    modes = [cancellation.mode for cancellation in _reaching(flow, task)]
    if modes:
        mode = Mode.ABORT if Mode.ABORT in modes else Mode.GRACEFUL
        owed = line.cancel_sent is not mode
        return Errand(flow.flow_run_id, task.task_run_id, mode) if owed else None
    # A cancel in any mode keeps it from beginning as well.
    if line.given_up and not line.kept_out and line.cancel_sent is None:
        return Errand(flow.flow_run_id, task.task_run_id)
    return None


def owed_to_parent(flow: FlowRun) -> Errand | None:
    """The end of this flow run, as long as its parent was not told."""
    if flow.parent is None or flow.end is None or flow.end_told:
        return None
    return Errand(flow.flow_run_id)


def errands_of_flow(partition: Partition, flow_run_id: str) -> Iterator[Errand]:
    """Everything that is owed by a flow run and its children's lines."""
    flow = partition.flows.get(flow_run_id)
    if flow is None:
        return
    end = owed_to_parent(flow)
    if end is not None:
        yield end
    for task_run_id in partition.children.get(flow_run_id, ()):
        errand = owed_to_child(flow, partition.tasks[flow_run_id][task_run_id])
        if errand is not None:
            yield errand


def all_errands(partition: Partition) -> list[Errand]:
    """Every errand that a state owes."""
    return [
        errand
        for flow_run_id in partition.flows
        for errand in errands_of_flow(partition, flow_run_id)
    ]


def errand_request(
    errand: Errand, partition: Partition, now_ms: int
) -> FlowCancel | ChildFinished | None:
    """The request by which it is told; None: it is owed no longer."""
    flow = partition.flows.get(errand.flow_run_id)
    if flow is None:
        return None
    if not errand.task_run_id:
        return _end(flow, flow.parent) if owed_to_parent(flow) and flow.parent else None
    task = partition.tasks.get(errand.flow_run_id, {}).get(errand.task_run_id)
    if task is None or owed_to_child(flow, task) != errand:
        return None
    return _keep_out(flow, task) if errand.mode is None else _cancel(flow, task, now_ms)


def recorded(errand: Errand, draft: Draft) -> tuple[Happened, str] | None:
    """That the broker has it, with the event that it follows from; None: it is no longer owed."""
    flow = draft.flow(errand.flow_run_id)
    if flow is None:
        return None
    if not errand.task_run_id:
        if owed_to_parent(flow) is None or flow.parent is None or flow.end is None:
            return None
        sent = ChildEndSent(parent_flow_run_id=flow.parent.flow_run_id, end=flow.end)
        return Happened(sent), flow.end_id or flow.event_id
    task = draft.task(errand.flow_run_id, errand.task_run_id)
    if task is None or task.child is None or owed_to_child(flow, task) != errand:
        return None
    event = ChildCancelSent(
        child_flow_run_id=task.child.flow_run_id,
        mode=errand.mode or Mode.GRACEFUL,
        only_unregistered=errand.mode is None,
    )
    causes = [cancellation.event_id for cancellation in _reaching(flow, task)]
    cause = causes[-1] if causes else task.child.given_up or task.event_id
    return Happened(event, task.task_run_id, task.attempt), cause


def answer_to_edge(request: FlowCancel, draft: Draft) -> ChildFinished | None:
    """What a parent that cancels must hear at once, since nothing else would tell it.

    That its child had ended and the end was told, when its parent could not take it yet; or
    that this flow run is no child of it.
    """
    flow = draft.flow(request.flow_run_id)
    if flow is None or request.parent is None:
        return None
    if not is_edge_of(flow, request.parent):
        return _never_began(flow.flow_run_id, request.parent)
    return _end(flow, request.parent) if flow.end_told else None


def _end(flow: FlowRun, parent: ParentLink) -> ChildFinished:
    """How a flow run tells its end to the task run that stands for it."""
    assert flow.end is not None
    account = None if flow.cancellation is None else flow.cancellation.account
    how = How.NEVER_STARTED if flow.started_ms is None else How.GRACEFUL
    return ChildFinished(
        request_id=f"end/{flow.flow_run_id}/{flow.end_id}",
        actor=LIFECYCLE,
        flow_run_id=parent.flow_run_id,
        task_run_id=parent.task_run_id,
        child_flow_run_id=flow.flow_run_id,
        end=flow.end,
        how=how if flow.end is End.CANCELLED else None,
        stopped_confirmed=account is None or not account.unconfirmed,
        error=flow.error,
        result_ref=flow.result_ref,
        traceparent=None if flow.cancellation is None else flow.cancellation.traceparent,
    )


def _never_began(child_flow_run_id: str, parent: ParentLink) -> ChildFinished:
    return ChildFinished(
        request_id=f"no-child/{parent.flow_run_id}/{parent.task_run_id}/{child_flow_run_id}",
        actor=LIFECYCLE,
        flow_run_id=parent.flow_run_id,
        task_run_id=parent.task_run_id,
        child_flow_run_id=child_flow_run_id,
        end=End.CANCELLED,
        how=How.NEVER_STARTED,
    )


def _reaching(flow: FlowRun, task: TaskRun) -> list[Cancellation]:
    """The cancellations that are for this child too: its own, its parent's."""
    found: list[Cancellation] = []
    if is_cancelling(task.state) and task.cancellation is not None:
        found.append(task.cancellation)
    if flow.cancellation is not None and policy_of(flow, task) is not CascadePolicy.NONE:
        found.append(flow.cancellation)
    return found


def _link(flow: FlowRun, task: TaskRun) -> ParentLink:
    above = () if flow.parent is None else flow.parent.chain
    return ParentLink(flow_run_id=flow.flow_run_id, task_run_id=task.task_run_id, ancestors=above)


def _cancel(flow: FlowRun, task: TaskRun, now_ms: int) -> FlowCancel:
    assert task.child is not None
    reaching = _reaching(flow, task)
    # The nearest of its ends, so that the child's comes before that of whoever waits for it.
    deadline_ms = min(cancellation.deadline_ms for cancellation in reaching)
    mode = Mode.ABORT if Mode.ABORT in {each.mode for each in reaching} else Mode.GRACEFUL
    last = reaching[-1]
    return FlowCancel(
        request_id=f"cancel/{flow.flow_run_id}/{task.task_run_id}/{mode.value}",
        actor=LIFECYCLE,
        flow_run_id=task.child.flow_run_id,
        reason=last.reason,
        mode=mode,
        deadline_seconds=max(deadline_ms - now_ms, 0) / 1000,
        cascade=last.cascade,
        parent=_link(flow, task),
        traceparent=last.traceparent,
    )


def _keep_out(flow: FlowRun, task: TaskRun) -> FlowCancel:
    assert task.child is not None
    return FlowCancel(
        request_id=f"keep-out/{flow.flow_run_id}/{task.task_run_id}",
        actor=LIFECYCLE,
        flow_run_id=task.child.flow_run_id,
        reason="the runner that was to register it is gone",
        parent=_link(flow, task),
        only_unregistered=True,
    )
