"""Runners come, go and are given up, in one partition at a time."""

from rescind.events.journal import RunnerLeft, RunnerLostRecorded, RunnerRegistered
from rescind.events.refusals import Code
from rescind.events.requests import RunnerLeave, RunnerLost, RunnerRegister
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.draft import Draft
from rescind.statemachine.policy import Asked

__all__ = ["leave", "lose", "register_runner"]


def register_runner(request: RunnerRegister, asked: Asked, draft: Draft) -> Answer:
    """A runner announces itself; doing so again is harmless and updates what it says."""
    misplaced = _misplaced(request.partition, asked)
    if misplaced is not None:
        return misplaced
    gone = _gone(request.runner_id, draft)
    if gone is not None:
        return gone
    event = RunnerRegistered(
        pool=request.pool,
        scope=request.scope,
        capabilities=request.capabilities,
        handle=request.handle,
    )
    return (Happened(event),)


def leave(request: RunnerLeave, asked: Asked, draft: Draft) -> Answer:
    """A runner goes; one that nobody knows leaves a stub, so that it stays away."""
    objection = _misplaced(request.partition, asked) or _gone(request.runner_id, draft)
    return objection or (Happened(RunnerLeft(reason=request.reason)),)


def lose(request: RunnerLost, asked: Asked, draft: Draft) -> Answer:
    """A runner is given up; one that nobody knows leaves a stub, so that it stays away."""
    objection = _misplaced(request.partition, asked) or _gone(request.runner_id, draft)
    return objection or (Happened(RunnerLostRecorded(reason=request.reason)),)


def _misplaced(partition: int | None, asked: Asked) -> Refused | None:
    # A runner's records name their partition and are never forwarded: the same runner has
    # one stream in each partition that it uses.
    if partition is None or partition == asked.partition:
        return None
    return refuse(
        Code.UNREADABLE,
        f"a record on partition {partition}, as it says itself",
        f"it lies on partition {asked.partition}; send it to that partition",
    )


def _gone(runner_id: str, draft: Draft) -> Refused | None:
    runner = draft.runner(runner_id)
    if runner is None or runner.state == "Registered":
        return None
    return refuse(
        Code.RUNNER_LOST,
        "a living runner",
        f"{runner_id!r} is {runner.state}; register again under a new id",
        first=runner.event_id,
    )
