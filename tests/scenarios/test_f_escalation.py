"""Cancellations that do not ask nicely."""

import pytest

from rescind.events.journal import (
    FlowCancelled,
    FlowCancelling,
    TaskCancelled,
    TaskStoppingReported,
)
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
