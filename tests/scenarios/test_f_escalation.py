"""Cancellations that do not ask nicely."""

import pytest

from rescind.events.journal import (
    CancellationWarning,
    FlowCancelled,
    FlowCancelling,
    TaskCancelled,
    TaskStoppingReported,
)
from rescind.runners.flowrunner.exiting import EXIT_CODE
from tests.scenarios.harness import Scene
from tests.scenarios.processes import until_none_runs_with


@pytest.mark.parametrize("asked", [{"mode": "abort"}, {"grace_seconds": 0}], ids=["abort", "grace"])
async def test_47_an_abort_kills_at_once(scene: Scene, asked: dict[str, object]) -> None:
    flow = scene.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")

    await scene.cancel(flow.flow_run_id, **asked)

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "swallow_all-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    steps = [e.event for e in scene.events(flow.flow_run_id, "task.stopping", "swallow_all-1")]
    rungs = [step.rung.value for step in steps if isinstance(step, TaskStoppingReported)]
    assert rungs == ["kill"]
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert isinstance(begun.event, FlowCancelling)
    assert begun.event.terms.grace_seconds == 0
    assert begun.event.terms.mode == "abort"
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.mode == "abort"
    assert await flow.outcome() == "cancelled"
    await until_none_runs_with(str(flow.folder))


async def test_48_an_abort_escalates_and_the_first_request_stays_the_first(scene: Scene) -> None:
    flow = scene.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")
    await scene.cancel(flow.flow_run_id, reason="too slow", grace_seconds=60)
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")

    await scene.cancel(flow.flow_run_id, reason="at once", mode="abort")

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "swallow_all-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert isinstance(begun.event, FlowCancelling)
    assert over.cancellation_id == begun.event.terms.cancellation_id
    assert (over.reason, over.mode) == ("too slow", "abort")
    (escalated,) = scene.events(flow.flow_run_id, "cancellation.escalated")
    assert begun.at_ms <= escalated.at_ms
    assert await flow.outcome() == "cancelled"


@pytest.mark.parametrize("executor", ["local", "threads"])
async def test_48_what_is_blocked_in_c_ends_with_its_process(scene: Scene, executor: str) -> None:
    flow = scene.flow("one_that_may_be_left", executor)
    await flow.begun("may_be_left")
    await scene.cancel(flow.flow_run_id, reason="too slow")
    asked = await scene.event(flow.flow_run_id, "cancellation.warning")
    assert isinstance(asked.event, CancellationWarning)
    assert "cannot be stopped" in asked.event.message
    assert not flow.process.has_ended

    await scene.cancel(flow.flow_run_id, mode="abort")

    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    end = (await scene.event(flow.flow_run_id, "task.cancelled", "may_be_left-1")).event
    assert isinstance(end, TaskCancelled)
    # Nobody is left who could have seen it end.
    assert (end.how, end.stopped_confirmed) == ("forced", False)
    assert (end.evidence["pid"], end.evidence["exit_code"]) == (flow.process.pid, EXIT_CODE)
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.reason == "too slow"
    assert over.account.unconfirmed == 1
    # It has said all and left: nobody had to find out that it is gone.
    assert end.runner_id is not None
    await scene.event(end.runner_id, "runner.left")
    assert not scene.events(end.runner_id, "runner.lost")
    assert not scene.events(flow.flow_run_id, "request.refused")


async def test_48_a_body_in_c_that_allows_it_ends_with_its_process(scene: Scene) -> None:
    flow = scene.flow("a_body_in_c", "processes")
    await flow.begun("body")

    await scene.cancel(flow.flow_run_id, mode="abort")

    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    body = (await scene.event(flow.flow_run_id, "task.cancelled", "body")).event
    assert isinstance(body, TaskCancelled)
    assert (body.how, body.stopped_confirmed) == ("forced", False)
    await scene.event(flow.flow_run_id, "flow.cancelled")


async def test_48_a_neighbour_that_does_not_allow_it_keeps_the_process(scene: Scene) -> None:
    flow = scene.flow("one_beside_one_that_may_not", "threads")
    await flow.begun("may_be_left", "stubborn")

    await scene.cancel(flow.flow_run_id, mode="abort")

    warning = (await scene.event(flow.flow_run_id, "cancellation.warning")).event
    assert isinstance(warning, CancellationWarning)
    assert "since stubborn-1 did not allow" in warning.message
    assert not flow.process.has_ended
    flow.go_on("stubborn")
    # It is the last one now, and allows it; what the neighbour came to is kept.
    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    await scene.event(flow.flow_run_id, "task.succeeded", "stubborn-1")
    await scene.event(flow.flow_run_id, "task.cancelled", "may_be_left-1")
    await scene.event(flow.flow_run_id, "flow.cancelled")
