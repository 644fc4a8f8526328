"""A flow run is cancelled: what its runners are told, what they say, and what follows."""

import asyncio

import structlog

from rescind.events.intents import CancelFlow as ToldCancelFlow
from rescind.events.intents import Reminder
from rescind.events.journal import FlowCancelled, TaskCancelled
from rescind.events.refusals import Code
from rescind.events.words import Mode
from rescind.runners.client import (
    CancelFlow,
    CancelTask,
    Ended,
    Grant,
    How,
    Intent,
    Refusal,
    Rung,
    RunnerClient,
    Step,
)
from rescind.settings import Settings
from tests.kafka.runners.lifecycle import Lifecycle
from tests.waiting import until


async def test_a_runner_with_work_is_told_once_however_often_it_is_said(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    intents: list[Intent] = []
    async with RunnerClient(settings, on_intent=intents.append) as runner:
        run = await runner.register_flow(flow_run_id="f", body="body")
        await lifecycle.cancel("f", reason="not needed any more")
        await until(lambda: bool(intents))

        # It does not acknowledge, so it is told again; and asks to start, and is told again.
        async def told_again() -> bool:
            return len(await lifecycle.events("cancellation.sent")) > 1

        await until(told_again)
        refusal = await run.start("t")
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.CANCELLING
        (intent,) = intents
        assert isinstance(intent, CancelFlow)
        assert intent.reason == "not needed any more"
        await intent.acknowledge()
        await run.finish("body", Ended.cancelled(How.GRACEFUL))
    await lifecycle.until_event("flow.cancelled")
    assert len(await lifecycle.events("task.cancelled")) == 1
    assert await lifecycle.events("task.late_report") == []


async def test_a_cancel_of_ones_own_that_comes_too_late_is_nothing_to_warn_of(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f", body="body")
        await runner.ask_cancel("f")
        await lifecycle.until_event("flow.cancelling")
        with structlog.testing.capture_logs() as said:
            await runner.ask_cancel("f")
            await lifecycle.until_event("request.refused")
            # Its answer is behind the refusal, in the same inbox.
            await run.register(["t"])
        assert said == []
        await run.end(Ended.cancelled(How.GRACEFUL))


async def test_an_escalation_to_abort_is_an_intent_of_its_own(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f", body="body")
        intents = runner.intents()
        await lifecycle.cancel("f")
        first = await anext(intents)
        assert isinstance(first, CancelFlow)
        await first.acknowledge()
        await lifecycle.cancel("f", mode="abort")
        second = await anext(intents)
        assert isinstance(second, CancelFlow)
        assert (first.mode, second.mode) == (Mode.GRACEFUL, Mode.ABORT)
        assert first.cancellation_id == second.cancellation_id
        assert run.cancellation is second
        await second.acknowledge(cannot_stop=["body"])
        await run.end(Ended.cancelled(How.FORCED))
        await lifecycle.until_event("flow.cancelled")


async def test_an_attempt_is_held_until_kafka_has_its_report(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    ids = [f"t-{number}" for number in range(1_200)]
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        await run.register(ids)
        await run.start_many(ids)
        intents = runner.intents()
        await lifecycle.cancel("f")
        intent = await anext(intents)
        assert isinstance(intent, CancelFlow)
        # Reported and acknowledged in one breath: none of the first 600 may count as not held.
        for task_run_id in ids[:600]:
            run.finish(task_run_id, Ended.success())
        intent.acknowledge(held=ids[600:], cannot_stop=[("t-700", 1)])
        for task_run_id in ids[600:]:
            run.finish(task_run_id, Ended.cancelled())
        await lifecycle.until_event("flow.cancelled")
    over = (await lifecycle.until_event("flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert (over.account.succeeded, over.account.cancelled) == (600, 600)
    assert over.account.unconfirmed == 0
    chunks = await lifecycle.events("cancellation.acknowledged")
    assert [(c.event.chunk, c.event.last) for c in chunks] == [(0, False), (1, True)]  # type: ignore[union-attr]


async def test_what_is_not_held_is_said_so_and_ended(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        await run.register(["t"])
        assert isinstance(await run.start("t"), Grant)
        intents = runner.intents()
        await lifecycle.cancel("f")
        intent = await anext(intents)
        assert isinstance(intent, CancelFlow)
        await intent.acknowledge(held=[])
        await lifecycle.until_event("flow.cancelled")
    ended = (await lifecycle.until_event("task.cancelled")).event
    assert isinstance(ended, TaskCancelled)
    assert ended.how is How.NOT_HELD


async def test_each_runner_that_holds_a_piece_is_told_and_no_other(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    idle: list[Intent] = []
    async with (
        RunnerClient(settings) as driver,
        RunnerClient(settings) as helper,
        RunnerClient(settings, on_intent=idle.append) as third,
    ):
        run = await driver.register_flow(flow_run_id="f", body="body")
        joined = await helper.join_flow("f")
        await third.join_flow("f")
        await joined.register(["t"])
        assert isinstance(await joined.start("t"), Grant)
        await lifecycle.cancel("f")
        for runner in (driver, helper):
            intent = await anext(runner.intents())
            assert isinstance(intent, CancelFlow)
            await intent.acknowledge()
        joined.stopping([Step(task_run_id="t", rung=Rung.FLAG, after_ms=1)])
        joined.cleanup("t", "done", after_ms=3)
        joined.executor_report("warning", "it takes its time")
        joined.finish("t", Ended.cancelled())
        await run.end(Ended.cancelled())
        await lifecycle.until_event("flow.cancelled")
    assert idle == []
    story = await lifecycle.story("f")
    for step in ("task.stopping t", "task.cleanup t", "cancellation.warning"):
        assert step in story


async def test_one_task_run_is_cancelled_and_the_flow_run_goes_on(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        await run.register(["hung", "fine"])
        hung, fine = await run.start_many(["hung", "fine"])
        assert isinstance(hung, Grant)
        assert isinstance(fine, Grant)
        await lifecycle.cancel_task("f", "hung")
        intent = await anext(runner.intents())
        assert isinstance(intent, CancelTask)
        assert run.cancellation_of("hung") is intent
        assert not await run.may_begin(hung)
        assert await run.may_begin(fine)
        await intent.acknowledge()
        await run.finish("hung", Ended.cancelled())
        await run.finish("fine", Ended.success())
        await run.end(Ended.success())
    assert (await lifecycle.story("f"))[-2:] == ["task.succeeded fine", "flow.succeeded"]


async def test_who_was_cancelled_before_is_born_cancelled(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    await lifecycle.cancel("f")
    await lifecycle.until_event("cancellation.armed")
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f", body="body")
        assert run.not_started is not None
        assert run.not_started.code is Code.ALREADY_FINISHED
        assert run.is_cancelling
        assert run.body_grant is None
        assert isinstance(await run.start("t"), Refusal)
    assert await lifecycle.events("task.started") == []


async def test_a_grant_is_not_used_once_a_cancel_is_in_the_inbox(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        ids = [f"t-{number}" for number in range(50)]
        await run.register(ids)
        granted = [g for g in await run.start_many(ids) if isinstance(g, Grant)]
        assert len(granted) == len(ids)
        await lifecycle.cancel("f")
        # Committed, whether or not this runner has read it.
        await lifecycle.until_event("flow.cancelling")
        assert not any(await asyncio.gather(*map(run.may_begin, granted)))
        for grant in granted:
            run.give_back(grant)
        over = (await lifecycle.until_event("flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.never_started == len(ids)


async def test_a_grant_that_nobody_took_is_reported_as_never_started(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        await run.register(["t"])
        starting = asyncio.create_task(run.start("t"))
        await asyncio.sleep(0)  # It has asked.
        starting.cancel()
        await lifecycle.until_event("task.started")
        await lifecycle.cancel("f")
        intent = await anext(runner.intents())
        assert isinstance(intent, CancelFlow)
        await intent.acknowledge()
        await lifecycle.until_event("flow.cancelled")
    ended = (await lifecycle.until_event("task.cancelled")).event
    assert isinstance(ended, TaskCancelled)
    assert (ended.how, ended.stopped_confirmed) == (How.NEVER_STARTED, True)


async def test_a_reminder_brings_an_intent_and_not_twice(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    intents: list[Intent] = []
    async with RunnerClient(settings, on_intent=intents.append) as runner:
        run = await runner.register_flow(flow_run_id="f")
        told = ToldCancelFlow(
            flow_run_id="f",
            cancellation_id="c",
            mode=Mode.GRACEFUL,
            grace_seconds=30,
            deadline_at=1_800_000_000_000,
        )
        await _remind(lifecycle, runner.runner_id, told)
        await _remind(lifecycle, runner.runner_id, told)
        await _remind(lifecycle, runner.runner_id, told.model_copy(update={"mode": Mode.ABORT}))
        await until(lambda: len(intents) > 1)
        assert [i.mode for i in intents if isinstance(i, CancelFlow)] == [
            Mode.GRACEFUL,
            Mode.ABORT,
        ]
        assert run.is_cancelling


async def _remind(lifecycle: Lifecycle, runner_id: str, told: ToldCancelFlow) -> None:
    reminder = Reminder(runner_id=runner_id, cancel_flow=(told,))
    await lifecycle.send(
        lifecycle.cluster.names.reminders,
        runner_id,
        lifecycle.partition_of(runner_id),
        reminder.model_dump_json(exclude_none=True).encode(),
    )
