"""A runner as one partition knows it, moved on by its own events."""

from rescind.events.journal import (
    Entry,
    RunnerForgotten,
    RunnerLeft,
    RunnerLostRecorded,
    RunnerRegistered,
)
from rescind.statemachine.edges import RUNNER_EDGES
from rescind.statemachine.evolve.step import impossible, step
from rescind.statemachine.machine import RUNNER
from rescind.statemachine.runs import RunnerRecord

__all__ = ["evolve_runner"]


def evolve_runner(runner: RunnerRecord | None, entry: Entry) -> RunnerRecord:
    """The runner, in this partition, after an event of its own.

    Raises:
        NoTransitionError: it is gone already.

    """
    event = entry.event
    # One that was never seen may be lost or leave: the closed stub refuses it should it come.
    state = RUNNER.initial if runner is None else runner.state
    state = step(RUNNER_EDGES, state, entry)
    if isinstance(event, RunnerRegistered):
        return RunnerRecord(
            runner_id=entry.stream_id,
            state=state,
            version=entry.version or 0,
            event_id=entry.id,
            at_ms=entry.at_ms,
            pool=event.pool,
            scope=event.scope,
            capabilities=event.capabilities,
            handle=event.handle,
        )
    if not isinstance(event, RunnerLeft | RunnerLostRecorded | RunnerForgotten):
        raise impossible(state, entry)
    if runner is None:
        return RunnerRecord(entry.stream_id, state, entry.version or 0, entry.id, entry.at_ms)
    return runner._replace(
        state=state, version=entry.version or 0, event_id=entry.id, at_ms=entry.at_ms
    )
