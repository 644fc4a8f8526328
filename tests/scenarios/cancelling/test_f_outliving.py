"""What cannot be stopped and goes on: who says so, when its stop is known, and how it is left."""

import signal

import pytest

from rescind.events.journal import FlowStarted, TaskCancelled
from rescind.runners.flowrunner.exiting import EXIT_CODE
from tests.scenarios.harness import Scene
from tests.waiting import until


@pytest.mark.parametrize(
    "executor, flow_name, task",
    [
        ("local", "one_that_swallows_all", "swallow_all"),
        ("threads", "one_that_ignores_all", "ignores_all"),
    ],
)
@pytest.mark.parametrize("asked", ["SIGINT", "SIGTERM"])
async def test_48_what_outlives_its_deadline_ends_with_its_process_at_the_next_ctrl_c_or_sigterm(
    scene: Scene, executor: str, flow_name: str, task: str, asked: str
) -> None:
    flow = scene.flow(flow_name, executor)
    await flow.begun(task)
    await scene.cancel(flow.flow_run_id, grace_seconds=0.2, deadline_seconds=1)
    said = (
        f"the deadline of flow run {flow.flow_run_id} has passed, "
        f"and still running here: {task}-1; "
        "Ctrl-C once more, or SIGTERM to `rescind run`, ends this process"
    )
    await until(lambda: said in flow.process.said(), within_seconds=60)
    assert not flow.process.has_ended

    flow.process.signal(signal.Signals[asked])

    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    end = (await scene.event(flow.flow_run_id, "task.cancelled", f"{task}-1")).event
    assert isinstance(end, TaskCancelled)
    assert not end.stopped_confirmed
    started = (await scene.event(flow.flow_run_id, "flow.started")).event
    assert isinstance(started, FlowStarted)
    await scene.event(started.runner_id, "runner.left")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Cancelled"


async def test_48_an_abort_says_at_its_runner_too_who_does_not_let_it_end_its_process(
    scene: Scene,
) -> None:
    flow = scene.flow("one_that_ignores_all", "threads")
    await flow.begun("ignores_all")

    await scene.cancel(flow.flow_run_id, mode="abort", deadline_seconds=1)

    said = "did not allow this process to end itself (may_exit)"
    await until(lambda: said in flow.process.said(), within_seconds=60)
    await until(lambda: "has passed, and still" in flow.process.said(), within_seconds=60)
    flow.process.signal(signal.SIGINT)
    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()


async def test_48_the_body_has_stopped_as_soon_as_it_has_whatever_else_goes_on(
    scene: Scene,
) -> None:
    flow = scene.flow("one_that_ignores_all", "threads")
    await flow.begun("ignores_all")

    await scene.cancel(flow.flow_run_id)

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "body")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("graceful", True)
    assert not scene.events(flow.flow_run_id, "task.succeeded", "ignores_all-1")
    flow.go_on("ignores_all")
    assert await flow.outcome() == "cancelled"
    await scene.event(flow.flow_run_id, "flow.cancelled")
    assert not scene.events(flow.flow_run_id, "request.refused")
    assert not scene.events(flow.flow_run_id, "task.late_report")
