"""How a runner comes to know of a cancellation, whatever the moment."""

import asyncio

from rescind.events.intents import CancelTask, Inbox
from rescind.events.journal import CancellationSent
from rescind.events.words import Mode
from rescind.kafka.records import OutRecord
from rescind.runners.client import CancelFlow, Clocks, Ended, Grant, Intent, RunnerClient
from tests.scenarios.harness import Scene, refusals_in, types_of
from tests.waiting import until


async def test_28_a_runner_that_was_away_finds_the_intent_in_its_inbox(scene: Scene) -> None:
    flow = scene.flow("one_that_sleeps", "processes")
    await flow.begun("nap")
    flow.process.freeze()
    await scene.cancel(flow.flow_run_id)
    await scene.event(flow.flow_run_id, "cancellation.sent")
    assert not scene.events(flow.flow_run_id, "cancellation.acknowledged")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running.Cancelling"

    flow.process.thaw()

    await scene.event(flow.flow_run_id, "flow.cancelled")
    assert await flow.outcome() == "cancelled"
    assert (await scene.task_states(flow.flow_run_id))["nap-1"].how == "graceful"


async def test_29_an_intent_from_before_the_runner_read_is_delivered(scene: Scene) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        for number in range(10):
            run = await runner.register_flow(flow_run_id=scene.named(f"f{number}"))
            await run.register(["t"])
            # The cancel is on its way before the answer to the start can have been read.
            answer, _ = await asyncio.gather(run.start("t"), scene.cancel(run.flow_run_id))
            if isinstance(answer, Grant):
                await until(lambda run=run: run.is_cancelling)
                assert not await run.may_begin(answer)
                await run.give_back(answer)
            await scene.event(run.flow_run_id, "flow.cancelled")
            task = (await scene.task_states(run.flow_run_id))["t"]
            assert task.how == "never_started"


async def test_30_the_same_intent_twice_stops_once(scene: Scene) -> None:
    flow = scene.flow("one_that_lingers", "threads")
    await flow.begun("lingering")
    runner_id = (await scene.flow_state(flow.flow_run_id)).runner_id
    assert runner_id is not None
    await scene.cancel(flow.flow_run_id)
    await scene.event(flow.flow_run_id, "cancellation.acknowledged")
    (told,) = [
        record
        for record in await scene.read(scene.names.inbox)
        if record.key == runner_id.encode() and b'"cancel_flow"' in (record.value or b"")
    ]
    for _ in range(3):
        again = OutRecord(told.topic, told.key, told.value, told.headers, told.partition)
        await scene.sender.send(again)

    flow.go_on("lingering")

    await scene.event(flow.flow_run_id, "flow.cancelled")
    assert await flow.outcome() == "cancelled"
    assert (flow.folder / "tidied").read_text() == "tidied\n"
    about_task = types_of(scene.events(flow.flow_run_id, task="lingering-1"))
    assert about_task == [
        "task.registered",
        "task.started",
        "task.cleanup",
        "task.cleanup",
        "task.cancelled",
    ]
    refused = scene.events(flow.flow_run_id, "request.refused")
    assert not refused, "what was said twice would be refused"


async def test_30_a_runner_that_does_not_answer_is_told_again_and_acts_once(scene: Scene) -> None:
    intents: list[Intent] = []
    async with RunnerClient(scene.house.settings, on_intent=intents.append) as runner:
        clocks = Clocks(acknowledge_seconds=0.3)
        run = await runner.register_flow(flow_run_id=scene.named("f"), clocks=clocks)
        await run.register(["t"])
        assert isinstance(await run.start("t"), Grant)
        await scene.cancel(run.flow_run_id)

        # It was told three times and more, and hears it once.
        await scene.until_told(runner.runner_id, "cancel_flow", 3)
        assert len(intents) == 1
        await run.finish("t", Ended.cancelled())
        await scene.event(run.flow_run_id, "flow.cancelled")
        assert len(intents) == 1


async def test_30_an_intent_for_an_attempt_that_is_over_stops_nothing_of_the_next_one(
    scene: Scene,
) -> None:
    flow = scene.flow("one_that_fails_at_first", "local")
    await flow.begun("second")
    runner_id = (await scene.flow_state(flow.flow_run_id)).runner_id
    assert runner_id is not None
    late = CancelTask(
        flow_run_id=flow.flow_run_id,
        task_run_id="fails_at_first-1",
        attempt=1,
        cancellation_id="of-the-first-attempt",
        mode=Mode.ABORT,
        grace_seconds=0,
        deadline_at=0,
    )
    value = (
        Inbox(runner_id=runner_id, cancel_task=(late,))
        .model_dump_json(exclude_defaults=True)
        .encode()
    )
    partition = scene.partition_of(flow.flow_run_id)
    topic = scene.names.inbox
    await scene.sender.send(OutRecord(topic, runner_id.encode(), value, (), partition))

    # It answers that it holds nothing of that, and the service knows of no such cancellation.
    await scene.event(flow.flow_run_id, "request.refused")
    (refused,) = scene.events(flow.flow_run_id, "request.refused")
    assert refusals_in([refused]) == ["stale"]
    flow.go_on("second")

    assert await flow.outcome() == "success"
    ended = await scene.event(flow.flow_run_id, "task.succeeded", "fails_at_first-1")
    assert ended.attempt == 2
    assert not scene.events(flow.flow_run_id, "task.stopping")


async def test_31_each_runner_that_holds_something_is_told_and_nobody_else(scene: Scene) -> None:
    settings = scene.house.settings
    async with (
        RunnerClient(settings) as first,
        RunnerClient(settings) as second,
        RunnerClient(settings) as third,
    ):
        run = await first.register_flow(flow_run_id=scene.named("f"))
        await run.register(["a", "b", "c"])
        assert isinstance(await run.start("a"), Grant)
        beside = await second.join_flow(run.flow_run_id)
        assert isinstance(await beside.start("b"), Grant)
        # It has held a task run of it, and holds none now.
        idle = await third.join_flow(run.flow_run_id)
        assert isinstance(await idle.start("c"), Grant)
        await idle.finish("c", Ended.success())
        await scene.event(run.flow_run_id, "task.succeeded", "c")

        await scene.cancel(run.flow_run_id)

        for runner, of in ((first, run), (second, beside)):
            intent = await asyncio.wait_for(anext(runner.intents()), 60)
            assert isinstance(intent, CancelFlow)
            await intent.acknowledge()
            await of.finish("a" if runner is first else "b", Ended.cancelled())
        await scene.event(run.flow_run_id, "flow.cancelled")
        told = [e.event for e in scene.events(run.flow_run_id, "cancellation.sent")]
        assert all(isinstance(event, CancellationSent) for event in told)
        names = {
            r for event in told if isinstance(event, CancellationSent) for r in event.runner_ids
        }
        assert names == {first.runner_id, second.runner_id}
        assert not any("cancel_flow" in said for said in await scene.inbox_of(third.runner_id))
        assert idle.cancellation is None
