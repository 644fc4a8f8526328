"""Counting: what of a flow run is open, who holds it, and how what has ended did end.

The counts change with each task run's event and follow from the task runs alone, so they are
folded here one step at a time, and recounted from scratch after a restore.
"""

from typing import Final

from rescind.events.words import End, How
from rescind.statemachine.edges import is_running
from rescind.statemachine.runs import FlowRun, Tally, TaskRun

__all__ = ["counted", "held_before_and_after", "recount_step"]

_HEADINGS: Final[dict[How | End, str]] = {
    How.NEVER_STARTED: "never_started",
    How.NOT_RETRIED: "not_retried",
    End.CANCELLED: "cancelled",
    End.SUCCESS: "succeeded",
    End.FAILED: "failed",
    End.CRASHED: "failed",
    End.TIMED_OUT: "failed",
}


def counted(tally: Tally, task: TaskRun) -> Tally:
    """The tally with this task run in it, if it has ended. The body is not counted."""
    if task.end is None or task.kind == "body":
        return tally
    heading = _HEADINGS.get(task.how or task.end) or _HEADINGS[task.end]
    changed = {heading: getattr(tally, heading) + 1}
    if task.stopped_confirmed is False:
        changed["unconfirmed"] = tally.unconfirmed + 1
    return tally._replace(**changed)


def _holder(task: TaskRun | None) -> str | None:
    """Who holds it: a runner's id, ``""`` for nobody in particular, None when it is not held."""
    if task is None or task.released or not is_running(task.state):
        return None
    return task.runner_id or ""


def held_before_and_after(
    before: TaskRun | None, after: TaskRun | None
) -> tuple[str | None, str | None]:
    """Who held the task run and who holds it now."""
    return _holder(before), _holder(after)


def recount_step(flow: FlowRun, before: TaskRun | None, after: TaskRun, version: int) -> FlowRun:
    """The flow run's counts and version after one event of one of its task runs."""
    was, now = held_before_and_after(before, after)
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
    return flow._replace(
        version=version,
        pending=flow.pending + after.state.startswith("Pending") - was_pending,
        running=flow.running + (now is not None) - (was is not None),
        holders=holders,
        tally=counted(flow.tally, after) if ended_now else flow.tally,
    )
