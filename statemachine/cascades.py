"""What the cancelling of a flow run means for each of its task runs: which it waits for."""

from rescind.events.words import CascadePolicy
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["is_awaited", "policy_of"]


def policy_of(flow: FlowRun, task: TaskRun) -> CascadePolicy:
    """What the cancelling of this flow run means for this child of it."""
    assert task.child is not None
    for_all = None if flow.cancellation is None else flow.cancellation.cascade
    return for_all or task.child.cascade


def is_awaited(flow: FlowRun, task: TaskRun) -> bool:
    """Whether the flow run waits for the end of this task run, a child or not."""
    return task.child is None or policy_of(flow, task) is CascadePolicy.WAIT
