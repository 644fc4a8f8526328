"""The broker goes away and comes back: reports wait in order, and what was asked is answered."""

import asyncio
from pathlib import Path

import pytest

from rescind.kafka.connection import Connection
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.runners.client import CancelFlow, Ended, Grant, RunnerClient
from tests.broker import formatted_broker
from tests.conftest import Cluster
from tests.kafka.runners.lifecycle import serving, settings_for
from tests.waiting import until


@pytest.mark.slow
async def test_reports_made_while_the_broker_is_away_arrive_and_nothing_starts(
    tmp_path: Path,
) -> None:
    async with formatted_broker(tmp_path) as broker:
        cluster = Cluster(Connection(broker.bootstrap), TopicNames("away."), partitions=1)
        specs = topic_specs(cluster.names)
        await create_topics(cluster.connection, specs, partitions=1, replicas=1)
        settings = settings_for(cluster, tmp_path / "runner")
        async with serving(cluster, settings) as lifecycle, RunnerClient(settings) as runner:
            run = await runner.register_flow(flow_run_id="f")
            await run.register(["done", "running", "ahead", "asked"])
            ahead, *_ = await run.start_many(["ahead", "running", "done"])
            assert isinstance(ahead, Grant)

            await broker.stop_async()
            reported = run.finish("done", Ended.success())
            asking = asyncio.create_task(run.start("asked"))
            beginning = asyncio.create_task(run.may_begin(ahead))
            cancelling = asyncio.create_task(lifecycle.cancel("f"))
            # Nothing can be asked, so nothing may begin; and what was done waits to be told.
            done, _ = await asyncio.wait([asking, beginning, cancelling], timeout=1)
            assert not done
            assert not reported.is_sent()

            await broker.start_async()
            await reported
            intent = await anext(runner.intents())
            assert isinstance(intent, CancelFlow)
            await intent.acknowledge()
            was_granted = isinstance(await asking, Grant)
            for task_run_id, _ in run.held:
                run.finish(task_run_id, Ended.cancelled())
            await lifecycle.until_event("flow.cancelled")
            await until(beginning.done)
            await cancelling
            story = await lifecycle.story("f")
        assert story.index("task.succeeded done") < story.index("flow.cancelled")
        assert was_granted is ("task.started asked" in story)
