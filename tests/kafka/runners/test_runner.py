"""A flow run's ordinary way: registered, granted, reported, ended, by a runner on real Kafka."""

from datetime import UTC, datetime

import pytest

from rescind.errors import RefusedError, RunnerClosedError
from rescind.events.journal import TaskFailed, TaskSucceeded
from rescind.runners.client import Ended, Grant, Refusal, RunnerClient, TaskSpec
from rescind.settings import Settings
from tests.kafka.runners.lifecycle import Lifecycle


async def test_a_flow_run_goes_its_way_from_registration_to_its_end(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings, pool="etl") as runner:
        run = await runner.register_flow("nightly", flow_run_id="f", body="body")
        assert run.body_grant is not None
        assert await run.may_begin(run.body_grant)
        assert await run.register([TaskSpec("load-7", name="load"), "load-8"]) == []
        for grant in await run.start_many(["load-7", "load-8"]):
            assert isinstance(grant, Grant)
            assert await run.may_begin(grant)
        assert sorted(run.held) == [("body", 1), ("load-7", 1), ("load-8", 1)]
        await run.finish("load-7", Ended.success("s3://there"))
        await run.finish("load-8", Ended.failed(KeyError("x"), evidence={"exit_code": 1}))
        assert run.held == [("body", 1)]
        await run.end(Ended.success())
    assert await lifecycle.story("f") == [
        "flow.registered",
        "flow.started",
        "task.registered body",
        "task.started body",
        "task.registered load-7",
        "task.registered load-8",
        "task.started load-7",
        "task.started load-8",
        "task.succeeded load-7",
        "task.failed load-8",
        "task.succeeded body",
        "flow.succeeded",
    ]
    (succeeded, _) = await lifecycle.events("task.succeeded")
    assert isinstance(succeeded.event, TaskSucceeded)
    assert succeeded.event.result_ref == "s3://there"
    (failed,) = await lifecycle.events("task.failed")
    assert isinstance(failed.event, TaskFailed)
    assert failed.event.error is not None
    assert (failed.event.error.type, failed.event.error.message) == ("KeyError", "'x'")


async def test_a_runner_says_good_bye_to_every_partition_that_it_used(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        for number in range(20):
            run = await runner.register_flow(flow_run_id=f"flow-{number}")
            await run.end(Ended.success())
    await lifecycle.until_event("runner.left")
    registered = await lifecycle.events("runner.registered")
    assert len(registered) == lifecycle.cluster.partitions
    assert len(await lifecycle.events("runner.left")) == len(registered)


async def test_the_next_attempt_is_granted_when_the_end_with_a_retry_was_taken(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow()
        await run.register(["t"])
        assert isinstance(await run.start("t"), Grant)
        await run.finish("t", Ended.failed("once", retry_at=datetime.now(UTC)))
        again = await run.start("t", attempt=2)
        assert isinstance(again, Grant)
        assert again.attempt == 2
        await run.finish("t", Ended.success(), attempt=2)
        await run.end(Ended.success())


async def test_the_end_of_a_body_waits_until_nothing_else_is_open(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as driver, RunnerClient(settings) as helper:
        run = await driver.register_flow(flow_run_id="f", body="body")
        joined = await helper.join_flow("f")
        await joined.register(["t"])
        assert isinstance(await joined.start("t"), Grant)
        ending = run.finish("body", Ended.success())
        await lifecycle.until_event("request.refused")
        assert await lifecycle.events("flow.succeeded") == []
        await joined.finish("t", Ended.success())
        await ending
        assert len(await lifecycle.events("flow.succeeded")) == 1


async def test_thousands_of_starts_travel_in_few_records(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    ids = [f"t-{number}" for number in range(2_500)]
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        assert await run.register(ids) == []
        granted = await run.start_many(ids)
        assert [g.task_run_id for g in granted if isinstance(g, Grant)] == ids
        reports = [run.finish(task_run_id, Ended.success()) for task_run_id in ids]
        for report in reports:
            await report
        await run.end(Ended.success())
    starts = await lifecycle.records(lifecycle.cluster.names.start_requests)
    stops = await lifecycle.records(lifecycle.cluster.names.stop_requests)
    assert len(starts) < 30
    assert len(stops) < 15


async def test_what_is_refused_says_why(lifecycle: Lifecycle, settings: Settings) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f")
        refusal = await run.start("nobody-knows-it")
        assert isinstance(refusal, Refusal)
        assert refusal.code == "unknown_task"
        assert refusal.remedy
        with pytest.raises(RefusedError, match="deprecated_transition"):
            await run.end(Ended.cancelled())
        await run.end(Ended.success())
        with pytest.raises(RefusedError, match="already_finished"):
            await runner.register_flow(flow_run_id="f")


async def test_what_no_service_could_read_is_refused_before_it_leaves(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        with pytest.raises(ValueError, match="flow_run_id: expected an id"):
            await runner.register_flow(flow_run_id="a/b")
        run = await runner.register_flow()
        with pytest.raises(ValueError, match="task_run_id: expected an id"):
            await run.register(["fine", "@not"])
        with pytest.raises(ValueError, match="attempt: expected a number of at least 1"):
            await run.start("fine", attempt=0)
        await run.end(Ended.success())
    assert await lifecycle.records(lifecycle.cluster.names.dead_letters) == []


async def test_outside_of_its_with_a_client_says_so(settings: Settings) -> None:
    runner = RunnerClient(settings)
    with pytest.raises(RunnerClosedError, match="enter it first"):
        await runner.register_flow()
