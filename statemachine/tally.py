"""Counting: what of a flow run is open, who holds it, and how what has ended did end.

The counts change with each task run's event and follow from the task runs alone, so they are
folded here one step at a time, and recounted from scratch after a restore.
"""

from operator import add
from typing import Final

from rescind.events.words import CascadePolicy, End, How
from rescind.statemachine.edges import is_running
from rescind.statemachine.runs import FlowRun, Tally, TaskRun

__all__ = ["child_running", "counted", "holder_of", "recount_step"]

_ONE_MORE: Final[dict[How | End, Tally]] = {
    How.NEVER_STARTED: Tally(never_started=1),
    How.NOT_RETRIED: Tally(not_retried=1),
    End.CANCELLED: Tally(cancelled=1),
    End.SUCCESS: Tally(succeeded=1),
    End.FAILED: Tally(failed=1),
    End.CRASHED: Tally(failed=1),
    End.TIMED_OUT: Tally(failed=1),
}
_UNCONFIRMED: Final = Tally(unconfirmed=1)


def counted(tally: Tally, task: TaskRun) -> Tally:
    """The tally with this task run in it, if it has ended. The body is not counted."""
    if task.end is None or task.kind == "body":
        return tally
    tally = _sum(tally, _ONE_MORE.get(task.how or task.end) or _ONE_MORE[task.end])
    return _sum(tally, _UNCONFIRMED) if task.stopped_confirmed is False else tally


def _sum(tally: Tally, more: Tally) -> Tally:
    return Tally(*map(add, tally, more))


def holder_of(task: TaskRun) -> str | None:
    """Who holds it: a runner's id, ``""`` for nobody in particular, None when it is not held."""
    if not is_running(task.state):
        return None
    return task.runner_id or ""


def child_running(task: TaskRun | None) -> tuple[int, int]:
    """1 for a child that is running, and 1 if its own policy is not to wait for it."""
    if task is None or task.child is None or not is_running(task.state):
        return 0, 0
    return 1, int(task.child.cascade is not CascadePolicy.WAIT)


def recount_step(flow: FlowRun, before: TaskRun | None, after: TaskRun, version: int) -> FlowRun:
    """The flow run's counts and version after one event of one of its task runs."""
    was, now = None if before is None else holder_of(before), holder_of(after)
    holders = flow.holders
    if was != now:
        # A copy: the flow run before this event is still somebody's committed state.
        changed = dict(holders)
        if was:
            changed[was] -= 1
            if not changed[was]:
                del changed[was]
        if now:
            changed[now] = changed.get(now, 0) + 1
        holders = changed
    was_pending = before is not None and before.state.startswith("Pending")
    ended_now = after.end is not None and (before is None or before.end is None)
    if after.child is not None:
        flow = _recount_children(flow, before, after)
        # What ends after its flow run is not in that one's account.
        ended_now = ended_now and flow.end is None
    return flow._replace(
        version=version,
        pending=flow.pending + after.state.startswith("Pending") - was_pending,
        running=flow.running + (now is not None) - (was is not None),
        holders=holders,
        tally=counted(flow.tally, after) if ended_now else flow.tally,
    )


def _recount_children(flow: FlowRun, before: TaskRun | None, after: TaskRun) -> FlowRun:
    was, was_unwaited = child_running(before)
    now, now_unwaited = child_running(after)
    return flow._replace(
        children=flow.children + now - was, unwaited=flow.unwaited + now_unwaited - was_unwaited
    )
