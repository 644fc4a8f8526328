"""Which clocks run, and when they strike: both follow from the state alone.

So a restarted service knows every clock again, and a clock that was fired twice, or by a
worker that has lost its partition, is seen to be stale. In a flow run in quarantine none runs:
it stays as it is, and is not forgotten, until somebody has looked.
"""

from typing import Final

from rescind.events.requests import Clock
from rescind.statemachine.edges import is_cancelling, is_finished
from rescind.statemachine.partition import is_tearing_down, owes_its_parent
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Bulk, Cancellation, FlowRun, RunnerRecord, TaskRun

__all__ = [
    "STUCK_AFTER_MS",
    "bulk_clocks",
    "flow_clocks",
    "runner_clocks",
    "stuck_from",
    "task_clocks",
]

STUCK_AFTER_MS: Final = 5_000
"""A deadline strikes within a moment; one that is over by this much did not."""


def flow_clocks(flow: FlowRun, policy: Policy) -> dict[Clock, int]:
    """The running clocks of a flow run, each with the time it is due, in ms since 1970."""
    if flow.quarantined:
        return {}
    running = _of_its_state(flow, policy)
    if flow.teardowns and is_tearing_down(flow):
        running[Clock.TEARDOWN] = min(
            min(known.again_ms, known.until_ms)
            for known in flow.teardowns.values()
            if known.over is None
        )
    return running


def _of_its_state(flow: FlowRun, policy: Policy) -> dict[Clock, int]:
    if is_finished(flow.state) and flow.finished_ms is not None:
        return {} if owes_its_parent(flow) else _forgetting(flow.finished_ms, policy)
    if not is_cancelling(flow.state) or flow.cancellation is None:
        return {}
    return _cancellation_clocks(flow.cancellation, unanswered=bool(_unanswered(flow)))


def task_clocks(task: TaskRun, flow: FlowRun) -> dict[Clock, int]:
    """The running clocks of a task run of this flow run that is being cancelled alone."""
    cancellation = task.cancellation
    if not is_cancelling(task.state) or cancellation is None or flow.quarantined:
        return {}
    if flow.end is not None:
        # A child that outlives its parent: nobody waits for it any more.
        return {}
    return _cancellation_clocks(
        cancellation,
        # Nobody but its own stream is asked to stop a child, nor is what is torn down.
        unanswered=task.child is None
        and task.runner_id not in cancellation.acknowledged
        and task.runner_id not in flow.teardowns,
    )


def runner_clocks(runner: RunnerRecord, policy: Policy) -> dict[Clock, int]:
    """The running clock of a runner: one that is gone is forgotten, as what has ended is."""
    return {} if runner.state == "Registered" else _forgetting(runner.at_ms, policy)


def bulk_clocks(bulk: Bulk, policy: Policy) -> dict[Clock, int]:
    """The running clock of a bulk cancellation: one that is over is forgotten, as is a draft."""
    if bulk.finished_ms is not None:
        return _forgetting(bulk.finished_ms, policy)
    return {} if bulk.started_ms is not None else _forgetting(bulk.created_ms, policy)


def stuck_from(flow: FlowRun) -> int | None:
    """From when on somebody should look at it, if it is still as it is now; None: never.

    Past its deadline only what nobody can stop is waited for, and in quarantine nothing moves.
    """
    if flow.quarantined:
        return None if is_finished(flow.state) else 0
    if not is_cancelling(flow.state) or flow.cancellation is None:
        return None
    return flow.cancellation.deadline_ms + STUCK_AFTER_MS


def _forgetting(since_ms: int, policy: Policy) -> dict[Clock, int]:
    return {Clock.FORGET: since_ms + round(policy.forget_after_seconds * 1000)}


def _cancellation_clocks(cancellation: Cancellation, unanswered: bool) -> dict[Clock, int]:
    clocks: dict[Clock, int] = {}
    if unanswered:
        clocks[Clock.ACKNOWLEDGE] = cancellation.acknowledge_ms
    if cancellation.deadline_fired is None:
        clocks[Clock.DEADLINE] = cancellation.deadline_ms
    if cancellation.wait_fired is None:
        clocks[Clock.WAIT_SECONDS_MAX] = cancellation.wait_ms
    return clocks


def _unanswered(flow: FlowRun) -> list[str]:
    assert flow.cancellation is not None
    # What is torn down is not asked any more.
    done = {*flow.cancellation.acknowledged, *flow.teardowns}
    return [runner for runner in flow.holders if runner not in done]
