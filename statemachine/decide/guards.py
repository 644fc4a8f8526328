"""Checks that several requests share, in the order that is the same everywhere.

A guard answers with a refusal, or with None when there is nothing to object to.
"""

from rescind.events.refusals import Code
from rescind.events.requests import Clock
from rescind.statemachine.decide.answers import Refused, refuse
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_finished
from rescind.statemachine.policy import Asked
from rescind.statemachine.runs import FlowRun

__all__ = [
    "finished_flow",
    "not_struck",
    "open_flow",
    "quarantined_flow",
    "registered_runner",
    "unknown_flow",
]


def unknown_flow(flow_run_id: str) -> Refused:
    """Nobody has registered this flow run."""
    return refuse(
        Code.UNKNOWN_RUN, "a registered flow run", f"{flow_run_id!r} is not known; register it"
    )


def finished_flow(flow: FlowRun) -> Refused:
    """It has ended, and finished is final."""
    return refuse(
        Code.ALREADY_FINISHED,
        "a flow run that has not ended",
        f"{flow.flow_run_id!r} is {flow.state}",
        first=flow.end_id,
    )


def quarantined_flow(flow_run_id: str) -> Refused:
    """An impossible event is in its stream, so nothing in it moves until somebody has looked."""
    return refuse(
        Code.QUARANTINED,
        "a flow run in order",
        f"{flow_run_id!r} is quarantined; `rescind journal tail --flow {flow_run_id}` says why",
    )


def open_flow(flow: FlowRun | None, flow_run_id: str) -> FlowRun | Refused:
    """The flow run, if it is known, whole and not over."""
    if flow is None:
        return unknown_flow(flow_run_id)
    if is_finished(flow.state):
        return finished_flow(flow)
    if flow.quarantined:
        return quarantined_flow(flow_run_id)
    return flow


def registered_runner(draft: Draft, runner_id: str) -> Refused | None:
    """Whether the runner is one of this partition and was not given up."""
    runner = draft.runner(runner_id)
    if runner is None:
        return refuse(
            Code.UNKNOWN_RUNNER,
            "a runner that is registered in this partition",
            f"{runner_id!r} is not; send runner.register first",
        )
    if runner.state != "Registered":
        return refuse(
            Code.RUNNER_LOST,
            "a living runner",
            f"{runner_id!r} is {runner.state}; register again under a new id",
            first=runner.event_id,
        )
    return None


def not_struck(
    clock: Clock, asked_ms: int, due_ms: int | None, asked: Asked, *, makes_room: bool = False
) -> Refused | None:
    """A clock that is not set so, or has not struck yet by the broker's time.

    What makes room for others does not wait for its time.
    """
    if due_ms is None or due_ms != asked_ms:
        return refuse(
            Code.STALE,
            f"the clock {clock.value!r} as it is set",
            "it was set anew, or is no longer needed",
        )
    if asked.at_ms < due_ms and not makes_room:
        return refuse(
            Code.EARLY, f"{clock.value!r} at its time", f"{due_ms - asked.at_ms} ms remain"
        )
    return None
