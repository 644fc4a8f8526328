"""Clocks that struck: requests like any other, so the order in the lane decides.

A report that lay in the lane before the clock was judged before it. A clock before its time is
``early``, one that was set anew or is no longer needed is ``stale``. Only the clock that forgets
may come before its time: where more that has ended is kept than there should be.
"""

from collections.abc import Mapping
from itertools import chain

from rescind.events.journal import (
    CancellationClockFired,
    CancellationLapsed,
    FlowForgotten,
    RunnerForgotten,
)
from rescind.events.refusals import Code
from rescind.events.requests import CancellationClock, Clock, RunnerForget
from rescind.statemachine.clocks import flow_clocks, runner_clocks, task_clocks
from rescind.statemachine.decide.answers import Answer, Happened, refuse
from rescind.statemachine.decide.guards import not_struck
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import gives_way
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.runs import FlowRun, RunnerRecord
from rescind.statemachine.teardown import struck

__all__ = ["forget_runner", "strike"]


def strike(request: CancellationClock, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    """What follows when this clock has really struck."""
    due_ms = _due(request, draft, policy)
    makes_room = request.clock is Clock.FORGET and _makes_room(request.flow_run_id, draft, policy)
    objection = not_struck(request.clock, request.due_at, due_ms, asked, makes_room=makes_room)
    return objection or _struck(request, asked, draft, policy)


def forget_runner(request: RunnerForget, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    """The end of a stub; not before everything that its runner held or owned has ended."""
    runner = draft.runner(request.runner_id)
    due_ms = None if runner is None else runner_clocks(runner, policy).get(Clock.FORGET)
    makes_room = _gone(draft) > policy.finished_max
    objection = not_struck(Clock.FORGET, request.due_at, due_ms, asked, makes_room=makes_room)
    if objection is not None:
        return objection
    if _has_open_work(request.runner_id, draft):
        return refuse(
            Code.OPEN_WORK,
            "a runner with which everything that it held or owned has ended",
            f"work of {request.runner_id!r} is open; ask again",
        )
    return (Happened(RunnerForgotten()),)


def _makes_room(flow_run_id: str, draft: Draft, policy: Policy) -> bool:
    return gives_way(draft.flow(flow_run_id)) and _finished(draft) > policy.finished_max


def _finished(draft: Draft) -> int:
    return draft.base.finished + _more(draft.flows, draft.base.flows)


def _gone(draft: Draft) -> int:
    return draft.base.gone + _more(draft.runners, draft.base.runners)


def _more(
    changed: Mapping[str, FlowRun | RunnerRecord | None],
    committed: Mapping[str, FlowRun | RunnerRecord],
) -> int:
    """How many more give way since the last commit."""
    return sum(gives_way(now) - gives_way(committed.get(key)) for key, now in changed.items())


def _has_open_work(runner_id: str, draft: Draft) -> bool:
    held = (draft.flow(task.flow_run_id) for task in draft.held_by(runner_id))
    flows = chain(held, draft.owned_by(runner_id))
    # What is in quarantine stays as it is, and would keep the stub for ever.
    return any(flow is not None and not flow.quarantined for flow in flows)


def _due(request: CancellationClock, draft: Draft, policy: Policy) -> int | None:
    """When this clock is due as the state has it now, in milliseconds since 1970."""
    if request.clock is Clock.ARMED:
        armed = draft.armed_for(request.flow_run_id)
        return None if armed is None else armed.until_ms
    flow = draft.flow(request.flow_run_id)
    if flow is None:
        return None
    if request.task_run_id is None:
        return flow_clocks(flow, policy).get(request.clock)
    task = draft.task(request.flow_run_id, request.task_run_id)
    return None if task is None else task_clocks(task, flow).get(request.clock)


def _struck(request: CancellationClock, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    if request.clock is Clock.ARMED:
        armed = draft.armed_for(request.flow_run_id)
        assert armed is not None  # Its time was found in it.
        return (Happened(CancellationLapsed(cancellation_id=armed.cancellation_id)),)
    if request.clock is Clock.FORGET:
        return (Happened(FlowForgotten()),)
    if request.clock is Clock.TEARDOWN:
        flow = draft.flow(request.flow_run_id)
        assert flow is not None  # Its time was found in it.
        return struck(flow, draft, asked.at_ms, policy)
    task = (
        None
        if request.task_run_id is None
        else draft.task(request.flow_run_id, request.task_run_id)
    )
    run = draft.flow(request.flow_run_id) if task is None else task
    assert run is not None
    assert run.cancellation is not None  # The clock's time was found in it.
    fired = CancellationClockFired(cancellation_id=run.cancellation.id, clock=request.clock)
    if task is None:
        return (Happened(fired),)
    return (Happened(fired, task.task_run_id, task.attempt),)
