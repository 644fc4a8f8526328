"""Time limits of task runs and of flow runs: ended by the same ladder, and Failed.TimedOut."""

import pytest

from rescind.events.journal import FlowCancelling, FlowFailed, TaskCancelled, TaskFailed
from tests.scenarios.harness import RunningFlow, Scene, types_of
from tests.scenarios.processes import until_none_runs_with


@pytest.mark.parametrize(
    "name,executor,task",
    [
        ("one_that_is_too_slow", "local", "too_slow-1"),
        ("one_that_is_too_slow_and_polite", "threads", "too_slow_and_polite-1"),
        ("one_that_is_too_slow_on_a_loop", "async", "too_slow_on_a_loop-1"),
        ("one_that_is_too_slow", "processes", "too_slow-1"),
        ("a_command_that_is_too_slow", "threads", "command-1"),
    ],
)
async def test_a_task_run_that_takes_too_long_has_failed_and_its_flow_goes_on(
    scene: Scene, name: str, executor: str, task: str
) -> None:
    flow = scene.flow(name, executor)

    assert await flow.outcome() == "success"

    failed = (await scene.event(flow.flow_run_id, "task.failed", task)).event
    assert isinstance(failed, TaskFailed)
    assert (failed.end, failed.stopped_confirmed) == ("timed_out", True)
    assert (await scene.task_states(flow.flow_run_id))[task].state == "Finished.Failed.TimedOut"
    await scene.event(flow.flow_run_id, "flow.succeeded")
    assert reports_refused(scene, flow) == []


async def test_what_swallows_its_time_limit_is_killed(scene: Scene) -> None:
    flow = scene.flow("one_that_is_too_slow_and_deaf", "processes")

    assert await flow.outcome() == "success"

    failed = (await scene.event(flow.flow_run_id, "task.failed", "too_slow_and_deaf-1")).event
    assert isinstance(failed, TaskFailed)
    assert (failed.end, failed.evidence["signal"]) == ("timed_out", "SIGKILL")
    steps = [e.event for e in scene.events(flow.flow_run_id, "task.stopping")]
    assert [getattr(step, "rung", None) for step in steps] == ["interrupt", "terminate", "kill"]
    await until_none_runs_with(str(flow.folder))


async def test_an_attempt_that_took_too_long_is_tried_again(scene: Scene) -> None:
    flow = scene.flow("one_that_is_too_slow_at_first", "local")

    assert await flow.outcome() == "success"

    await scene.event(flow.flow_run_id, "task.succeeded", "too_slow_at_first-1")
    story = types_of(scene.events(flow.flow_run_id, "task.", "too_slow_at_first-1"))
    assert [s for s in story if s in {"task.retrying", "task.succeeded"}] == [
        "task.retrying",
        "task.succeeded",
    ]


async def test_what_waits_in_its_executor_takes_none_of_its_time(scene: Scene) -> None:
    flow = scene.flow("two_that_wait_for_each_other", "local")

    assert await flow.outcome() == "success"
    await scene.event(flow.flow_run_id, "flow.succeeded")
    assert len(scene.events(flow.flow_run_id, "task.succeeded")) == 3


async def test_a_flow_run_that_takes_too_long_is_stopped_whole_and_has_timed_out(
    scene: Scene,
) -> None:
    flow = scene.flow("a_flow_that_is_too_slow", "processes")

    assert await flow.outcome() == "failed"

    begun = (await scene.event(flow.flow_run_id, "flow.cancelling")).event
    assert isinstance(begun, FlowCancelling)
    assert begun.terms.named_end == "timed_out"
    over = (await scene.event(flow.flow_run_id, "flow.failed")).event
    assert isinstance(over, FlowFailed)
    assert over.end == "timed_out"
    assert over.error is not None
    assert over.error.message == "it took longer than its timeout_seconds (1.0 s)"
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Failed.TimedOut"
    ends = [e.event for e in scene.events(flow.flow_run_id, "task.cancelled")]
    hows = [end.how.value for end in ends if isinstance(end, TaskCancelled)]
    # The body, at most two that ran at once, and the rest, which never will.
    assert len(hows) == 10
    assert hows.count("never_started") >= 7
    assert all(end.stopped_confirmed for end in ends if isinstance(end, TaskCancelled))
    await until_none_runs_with(str(flow.folder))


async def test_so_is_one_on_an_event_loop(scene: Scene) -> None:
    flow = scene.flow("a_flow_that_is_too_slow_on_a_loop", "async")

    assert await flow.outcome() == "failed"

    await scene.event(flow.flow_run_id, "flow.failed")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Failed.TimedOut"


async def test_a_flow_run_that_ends_in_time_hears_nothing_of_its_limit(scene: Scene) -> None:
    flow = scene.flow("a_flow_in_time", "local")

    assert await flow.outcome() == "success"
    await scene.event(flow.flow_run_id, "flow.succeeded")
    assert not scene.events(flow.flow_run_id, "flow.cancelling")
    assert reports_refused(scene, flow) == []


def reports_refused(scene: Scene, flow: RunningFlow) -> list[str]:
    """What the runner has said in vain. It may ask to start again, to see whether all is over."""
    refused = scene.events(flow.flow_run_id, "request.refused")
    return [entry.id for entry in refused if entry.id.startswith("stop-")]
