"""A runner that ends others from outside: what it is told, how often, and what its word does."""

import asyncio

from rescind.events.journal import Entry, InfrastructureTeardown, TaskCancelled, TaskFailed
from rescind.runners.client import (
    Clocks,
    Ended,
    Grant,
    Handle,
    Intent,
    Lost,
    RunnerCapabilities,
    RunnerClient,
    Scope,
    StopInfrastructure,
    SyncRunnerClient,
)
from rescind.settings import Settings
from tests.conftest import Cluster
from tests.kafka.runners.lifecycle import Lifecycle, serving
from tests.kafka.runners.threads import in_a_thread
from tests.waiting import until

ABLE = RunnerCapabilities(can_tear_down=True)
HANDLE = Handle(kind="docker", scope="engine:x", identity={"id": "c1"}, exclusive_to="f")


def outside(settings: Settings) -> RunnerClient:
    return RunnerClient(settings, scope=Scope(HANDLE.scope), can=ABLE)


async def lost_with_work(lifecycle: Lifecycle, runner: RunnerClient) -> None:
    """It has begun a flow run, and is given up."""
    await runner.register_flow(flow_run_id="f", body="body")
    await lifecycle.lose(runner.runner_id, lifecycle.partition_of("f"))


async def told(runner: RunnerClient) -> StopInfrastructure:
    intent = await asyncio.wait_for(anext(runner.intents()), 30)
    assert isinstance(intent, StopInfrastructure)
    return intent


async def teardowns(lifecycle: Lifecycle, outcome: str) -> list[Entry]:
    entries = await lifecycle.events("infrastructure.teardown")
    return [entry for entry in entries if getattr(entry.event, "outcome", None) == outcome]


async def test_who_stands_by_is_told_whatever_the_partition_and_its_word_is_the_end(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with outside(settings) as able:
        await able.stand_by()
        for flow_run_id in ("g", "h", "i"):
            own = HANDLE.model_copy(update={"exclusive_to": flow_run_id})
            async with RunnerClient(settings, handle=own) as runner:
                await runner.register_flow(flow_run_id=flow_run_id, body="body")
                await lifecycle.lose(runner.runner_id, lifecycle.partition_of(flow_run_id))
                intent = await told(able)
                assert (intent.flow_run_id, intent.handle) == (flow_run_id, own)
                assert intent.target_runner_id == runner.runner_id
                await intent.report("done", evidence={"exit_code": 137})

        async def all_crashed() -> bool:
            return len(await lifecycle.events("flow.failed")) == 3

        await until(all_crashed)
    assert {lifecycle.partition_of(flow_run_id) for flow_run_id in ("g", "h", "i")} == {0, 1}
    crashed = [entry.event for entry in await lifecycle.events("task.failed")]
    assert {e.stopped_confirmed for e in crashed if isinstance(e, TaskFailed)} == {True}


async def test_it_is_told_once_however_often_it_is_asked_and_again_after_a_failure(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    intents: list[Intent] = []
    able = RunnerClient(settings, scope=Scope(HANDLE.scope), can=ABLE, on_intent=intents.append)
    async with able, RunnerClient(settings, handle=HANDLE) as runner:
        await able.stand_by()
        await lost_with_work(lifecycle, runner)

        async def asked_thrice() -> bool:
            return len(await teardowns(lifecycle, "asked")) == 3

        await until(asked_thrice)
        (first,) = intents
        assert isinstance(first, StopInfrastructure)
        await first.report("failed", code="throttled")
        await until(lambda: len(intents) == 2)
        again = intents[1]
        assert isinstance(again, StopInfrastructure)
        await again.report("done")
        await lifecycle.until_event("flow.failed")
    assert len(intents) == 2


async def test_a_service_that_comes_back_knows_what_was_ordered(
    cluster: Cluster, settings: Settings
) -> None:
    async with outside(settings) as able, RunnerClient(settings, handle=HANDLE) as runner:
        async with serving(cluster, settings) as lifecycle:
            # Nobody is there yet.
            await lost_with_work(lifecycle, runner)
            first = (await lifecycle.until_event("infrastructure.teardown")).event
            assert isinstance(first, InfrastructureTeardown)
            assert first.runner_id is None
        async with serving(cluster, settings) as lifecycle:
            await able.stand_by()
            intent = await told(able)
            await intent.report("started")
            await lifecycle.cancel("f")

            async def has_begun() -> bool:
                return bool(await teardowns(lifecycle, "started"))

            await until(has_begun)
        async with serving(cluster, settings) as lifecycle:
            await intent.report("done")
            ended = (await lifecycle.until_event("task.failed")).event
            assert isinstance(ended, TaskFailed)
            assert ended.stopped_confirmed is True
            await lifecycle.until_event("flow.failed")


async def test_what_a_runner_that_was_given_up_still_reports_counts_until_then(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with outside(settings) as able, RunnerClient(settings, handle=HANDLE) as runner:
        await able.stand_by()
        run = await runner.register_flow(flow_run_id="f", body="body")
        await run.register(["t"])
        assert isinstance(await run.start("t"), Grant)
        await lifecycle.lose(runner.runner_id, lifecycle.partition_of("f"))
        assert isinstance(await anext(runner.intents()), Lost)
        await run.finish("t", Ended.success())
        intent = await told(able)
        await intent.report("done", code="not_found")
        await lifecycle.until_event("flow.failed")
    story = await lifecycle.story("f")
    assert "task.succeeded t" in story
    assert "task.failed body" in story
    assert await lifecycle.events("task.late_report") == []


async def test_at_the_deadline_it_is_told_to_give_no_grace(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with outside(settings) as able, RunnerClient(settings, handle=HANDLE) as runner:
        await able.stand_by()
        await runner.register_flow(flow_run_id="f", body="body")
        await lifecycle.cancel("f", deadline_seconds=0.5)
        intent = await told(able)
        assert intent.grace_seconds == 0
        assert intent.cancellation_id is not None
        await intent.report("done", evidence={"exit_code": 137})
        await lifecycle.until_event("flow.cancelled")
    ended = (await lifecycle.until_event("task.cancelled")).event
    assert isinstance(ended, TaskCancelled)
    assert (ended.how.value, ended.stopped_confirmed) == ("deadline", True)


async def test_threads_are_told_and_report_as_well(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    def work() -> None:
        scope = Scope(HANDLE.scope)
        with SyncRunnerClient(settings, scope=scope, can=ABLE) as able:
            able.stand_by()
            intent = next(able.intents())
            assert isinstance(intent, StopInfrastructure)
            intent.report("done", evidence={"exit_code": 137}).wait()

    async with RunnerClient(settings, handle=HANDLE) as runner:
        working = asyncio.create_task(in_a_thread(work))
        await lost_with_work(lifecycle, runner)
        await working
        await lifecycle.until_event("flow.failed")
    assert [e.cause for e in await lifecycle.events("task.failed")] == [
        entry.id for entry in await teardowns(lifecycle, "done")
    ]


async def test_where_nobody_stands_by_and_nobody_cancels_it_has_crashed_after_a_while(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as driver, RunnerClient(settings, handle=HANDLE) as runner:
        soon = Clocks(deadline_seconds=2, acknowledge_seconds=0.5)
        run = await driver.register_flow(flow_run_id="f", body="body", clocks=soon)
        there = await runner.join_flow("f")
        await there.register(["t"])
        assert isinstance(await there.start("t"), Grant)
        await lifecycle.lose(runner.runner_id, lifecycle.partition_of("f"))
        crashed = (await lifecycle.until_event("task.failed")).event
        await run.end(Ended.success())
        await lifecycle.until_event("flow.succeeded")
    assert isinstance(crashed, TaskFailed)
    assert (crashed.end, crashed.stopped_confirmed) == ("crashed", False)
    asked = [entry.event for entry in await teardowns(lifecycle, "asked")]
    assert len(asked) > 1
    assert {e.runner_id for e in asked if isinstance(e, InfrastructureTeardown)} == {None}
    assert len(await teardowns(lifecycle, "given_up")) == 1
