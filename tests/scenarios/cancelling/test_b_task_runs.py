"""What becomes of each task run of a flow run that is being cancelled."""

import asyncio

from rescind.events.journal import (
    FlowBodyFinished,
    FlowCancelled,
    TaskCancelled,
    TaskCleanupReported,
    TaskSucceeded,
)
from rescind.runners.client import Ended, Grant, Refusal, RunnerClient
from tests.scenarios.harness import RunningFlow, Scene, refusals_in, types_of

VERDICTS = ("flow.succeeded", "flow.failed", "flow.cancelled")
STORY = (
    *("flow.cancelling", "cancellation.sent", "cancellation.acknowledged", "task.stopping"),
    *("task.cleanup", "task.cancelled", "flow.cancelled"),
)


async def test_10_what_has_not_started_never_does(scene: Scene) -> None:
    flow = await scene.begun(tasks=["runs"])
    waiting = [f"waits-{number}" for number in range(20)]
    await flow.says("task.register", items=[{"task_run_id": task} for task in waiting])

    await scene.cancel(flow.flow_run_id)

    for task in waiting:
        await scene.event(flow.flow_run_id, "task.cancelled", task)
    states = await scene.task_states(flow.flow_run_id)
    for task in waiting:
        assert (states[task].state, states[task].how) == ("Finished.Cancelled", "never_started")
        assert states[task].started_at is None
        assert not scene.events(flow.flow_run_id, "task.started", task)
    assert states["runs"].state == "Running"
    await flow.ends("runs", "cancelled")
    await flow.ends("body", "cancelled")
    over = await scene.event(flow.flow_run_id, "flow.cancelled")
    assert isinstance(over.event, FlowCancelled)
    assert over.event.account.never_started == 20


async def test_11_no_start_is_granted_in_a_cancelling_flow_run(scene: Scene) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=scene.named("f"), body="body")
        await run.register(["a", "b"])
        assert isinstance(await run.start("a"), Grant)
        await scene.cancel(run.flow_run_id)

        answer = await run.start("b")
        assert isinstance(answer, Refusal)
        assert answer.code in {"cancelling", "already_finished"}
        # Another runner asks, and one that nobody knows says that it has begun.
        for runner_id in (scene.named("stranger"), runner.runner_id):
            request = {
                "type": "task.start",
                "flow_run_id": run.flow_run_id,
                "runner_id": runner_id,
                "items": [{"task_run_id": "b"}, {"task_run_id": "nobody-registered-it"}],
            }
            assert len(refusals_in(await scene.answer_to(request))) == 2
        # There is no word for "it runs already": whoever makes one up is not understood.
        made_up = {"type": "task.started", "flow_run_id": run.flow_run_id}
        assert refusals_in(await scene.answer_to(made_up, lane="start")) == ["unreadable"]
        assert [e.task_run_id for e in scene.events(run.flow_run_id, "task.started")] == [
            "body",
            "a",
        ]
        run.finish("a", Ended.cancelled())
        await run.end(Ended.cancelled())


async def test_12_a_running_interruptible_task_run_is_interrupted(scene: Scene) -> None:
    flow = scene.flow("one_that_sleeps", "local")
    await flow.begun("nap")

    await scene.cancel(flow.flow_run_id)

    ended = await scene.event(flow.flow_run_id, "task.cancelled", "nap-1")
    assert isinstance(ended.event, TaskCancelled)
    assert (ended.event.how, ended.event.stopped_confirmed) == ("graceful", True)
    assert await flow.outcome() == "cancelled"
    assert (await scene.until_state(flow.flow_run_id, "Finished.Cancelled")).is_finished
    assert (await scene.task_states(flow.flow_run_id))["nap-1"].state == "Finished.Cancelled"
    # The answer to the intent was there in time, and nothing was said twice.
    assert scene.events(flow.flow_run_id, "cancellation.acknowledged")
    assert not scene.events(flow.flow_run_id, "request.refused")


async def test_13_what_cannot_be_interrupted_and_returns_is_a_success(scene: Scene) -> None:
    flow = await waited_for(scene, "one_that_returns")

    task = (await scene.task_states(flow.flow_run_id))["stubborn-1"]
    assert task.state == "Finished.Success"
    assert ends_of(scene, flow) == ["task.succeeded", "flow.cancelled"]


async def test_14_what_cannot_be_interrupted_and_raises_has_failed(scene: Scene) -> None:
    flow = await waited_for(scene, "one_that_raises")

    task = (await scene.task_states(flow.flow_run_id))["stubborn-1"]
    assert task.state == "Finished.Failed"
    assert task.error is not None
    assert (task.error.type, task.error.message) == ("ValueError", "the disk is full")
    assert ends_of(scene, flow) == ["task.failed", "flow.cancelled"]


async def test_13_the_result_of_what_was_waited_for_is_kept(scene: Scene) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=scene.named("f"))
        await run.register(["t"])
        assert isinstance(await run.start("t"), Grant)
        await scene.cancel(run.flow_run_id)
        intent = await anext(runner.intents())
        await intent.acknowledge(cannot_stop=["t"])  # type: ignore[union-attr]
        await run.finish("t", Ended.success("s3://results/7"))
    ended = await scene.event(run.flow_run_id, "task.succeeded", "t")
    assert isinstance(ended.event, TaskSucceeded)
    await scene.event(run.flow_run_id, "flow.cancelled")
    task = (await scene.task_states(run.flow_run_id))["t"]
    assert (task.state, task.result_ref) == ("Finished.Success", "s3://results/7")


async def test_17_a_body_that_ends_before_the_cancel_wins(scene: Scene) -> None:
    flow = await scene.begun()
    ended = await flow.ends("body", "success", result_ref="s3://results/1")
    assert "flow.succeeded" in types_of(ended)
    assert refusals_in(await scene.cancel(flow.flow_run_id)) == ["already_finished"]
    state = await scene.flow_state(flow.flow_run_id)
    assert (state.state, state.result_ref) == ("Finished.Success", "s3://results/1")


async def test_17_a_body_that_ends_after_the_cancel_loses_and_keeps_its_result(
    scene: Scene,
) -> None:
    flow = await scene.begun()
    await scene.cancel(flow.flow_run_id)
    ended = await flow.ends("body", "success", result_ref="s3://results/2")
    (kept,) = [e.event for e in ended if isinstance(e.event, FlowBodyFinished)]
    assert (kept.end, kept.result_ref) == ("success", "s3://results/2")
    await scene.event(flow.flow_run_id, "flow.cancelled")
    state = await scene.flow_state(flow.flow_run_id)
    assert (state.state, state.body_end, state.result_ref) == (
        "Finished.Cancelled",
        "success",
        "s3://results/2",
    )
    assert sum(t in VERDICTS for t in types_of(scene.events(flow.flow_run_id))) == 1


async def test_17_at_the_same_moment_there_is_one_verdict(scene: Scene) -> None:
    for number in range(10):
        flow = await scene.begun(f"race-{number}")
        result = f"s3://results/{number}"
        asked = [flow.ends("body", "success", result_ref=result), scene.cancel(flow.flow_run_id)]
        await asyncio.gather(*(asked if number % 2 else reversed(asked)))
        state = await scene.flow_state(flow.flow_run_id)
        assert state.is_finished
        assert state.result_ref == result
        story = types_of(scene.events(flow.flow_run_id))
        assert sum(t in VERDICTS for t in story) == 1, story


async def test_18_a_task_run_may_end_cancelled_by_itself_and_the_flow_run_goes_on(
    scene: Scene,
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=scene.named("f"), body="body")
        await run.register(["gives-up", "next"])
        assert isinstance(await run.start("gives-up"), Grant)
        await run.finish("gives-up", Ended.cancelled())
        ended = await scene.event(run.flow_run_id, "task.cancelled", "gives-up")
        assert isinstance(ended.event, TaskCancelled)
        assert ended.event.how == "by_runner"
        assert (await scene.flow_state(run.flow_run_id)).state == "Running"
        assert isinstance(await run.start("next"), Grant)
        await run.finish("next", Ended.success())
        await run.end(Ended.success())
    assert (await scene.flow_state(run.flow_run_id)).state == "Finished.Success"


async def test_19_a_clean_up_step_runs_inside_its_attempt_once_the_work_has_ended(
    scene: Scene,
) -> None:
    flow = scene.flow("one_that_lingers", "threads")
    await flow.begun("lingering")

    await scene.cancel(flow.flow_run_id)
    await scene.event(flow.flow_run_id, "cancellation.warning")
    assert not (flow.folder / "tidied").exists()
    flow.go_on("lingering")

    await scene.event(flow.flow_run_id, "flow.cancelled")
    story = types_of(scene.events(flow.flow_run_id, "task.", "lingering-1"))
    assert story[-3:] == ["task.cleanup", "task.cleanup", "task.cancelled"]
    assert cleanups_of(scene, flow) == ["started", "done"]
    assert (flow.folder / "tidied").read_text() == "tidied\n"
    assert await flow.outcome() == "cancelled"


async def test_19_it_runs_after_a_kill_too_and_the_end_waits_for_it(scene: Scene) -> None:
    flow = scene.flow("one_that_cleans_up_after_a_kill", "processes")
    await flow.begun("deaf")

    await scene.cancel(flow.flow_run_id, mode="abort")
    await flow.begun("tidying")
    await scene.event(flow.flow_run_id, "task.cleanup")
    assert not scene.events(flow.flow_run_id, "task.cancelled", "deaf_with_clean_up-1")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running.Cancelling"
    flow.go_on("tidying")

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "deaf_with_clean_up-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    assert cleanups_of(scene, flow) == ["started", "done"]
    await scene.event(flow.flow_run_id, "flow.cancelled")
    assert await flow.outcome() == "cancelled"
    # The body has stopped long before.
    events = scene.events(flow.flow_run_id)
    story = types_of([event for event in events if event.task_run_id != "body"])
    assert sorted(STORY, key=story.index) == [*STORY]


async def test_19_it_has_its_own_deadline_and_holds_nobody_up_after_it(scene: Scene) -> None:
    flow = scene.flow("one_that_is_never_cleaned", "local")
    await flow.begun("nap")

    await scene.cancel(flow.flow_run_id)

    await scene.event(flow.flow_run_id, "flow.cancelled")
    assert cleanups_of(scene, flow) == ["started", "timed_out"]
    end = (await scene.event(flow.flow_run_id, "task.cancelled", "never_cleaned-1")).event
    assert isinstance(end, TaskCancelled)
    assert end.how == "graceful"
    # Its thread is stuck, and the process ends all the same.
    assert await flow.outcome() == "cancelled"


async def test_19_a_step_that_fails_is_said_so_and_the_end_stands(scene: Scene) -> None:
    flow = scene.flow("one_that_is_cleaned_in_vain", "local")
    await flow.begun("nap")

    await scene.cancel(flow.flow_run_id)

    await scene.event(flow.flow_run_id, "task.cancelled", "cleaned_in_vain-1")
    assert cleanups_of(scene, flow) == ["started", "failed"]
    failed = scene.events(flow.flow_run_id, "task.cleanup")[-1].event
    assert isinstance(failed, TaskCleanupReported)
    assert failed.message.startswith("SystemExit: nothing to tidy up")
    assert await flow.outcome() == "cancelled"


def cleanups_of(scene: Scene, flow: RunningFlow) -> list[str]:
    """What became of the clean-up steps, in order."""
    said = [e.event for e in scene.events(flow.flow_run_id, "task.cleanup")]
    return [event.outcome for event in said if isinstance(event, TaskCleanupReported)]


async def test_20_one_hung_task_run_is_cancelled_and_its_flow_run_goes_on(scene: Scene) -> None:
    flow = scene.flow("one_that_hangs_and_one_after_it", "processes")
    await flow.begun("hangs")

    asked = {"flow_run_id": flow.flow_run_id, "task_run_id": "hangs-1", "grace_seconds": 1}
    await scene.answer_to({"type": "task.cancel", **asked})

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "hangs-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    assert await flow.outcome() == "success"
    await scene.event(flow.flow_run_id, "task.succeeded", "comes_after-1")
    assert not scene.events(flow.flow_run_id, "task.retrying")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Success"


async def waited_for(scene: Scene, name: str) -> RunningFlow:
    """Cancel a flow whose only task run cannot be interrupted, let that end, and see the end."""
    flow = scene.flow(name, "threads")
    await flow.begun("stubborn")
    await scene.cancel(flow.flow_run_id, reason="too slow")
    await scene.event(flow.flow_run_id, "cancellation.warning")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running.Cancelling"
    assert ends_of(scene, flow) == []

    flow.go_on("stubborn")

    await scene.event(flow.flow_run_id, "flow.cancelled")
    assert await flow.outcome() == "cancelled"
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Cancelled"
    return flow


def ends_of(scene: Scene, flow: RunningFlow) -> list[str]:
    """The ends of the stubborn task run and of the flow run, in order."""
    ends = {"task.succeeded", "task.failed", "task.cancelled", *VERDICTS}
    about = [e for e in scene.events(flow.flow_run_id) if e.task_run_id in (None, "stubborn-1")]
    return [name for name in types_of(about) if name in ends]
