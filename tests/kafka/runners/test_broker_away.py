"""The broker goes away and comes back: reports wait in order, and what was asked is answered."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from rescind.kafka.connection import Connection
from rescind.kafka.sender import Sender
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.processors.worker import Worker
from rescind.runners.client import CancelFlow, Ended, Grant, RunnerClient
from rescind.settings import load_settings
from tests.broker import embedded_broker
from tests.conftest import Cluster
from tests.kafka.runners.lifecycle import Lifecycle
from tests.waiting import until


@pytest.mark.slow
async def test_reports_made_while_the_broker_is_away_arrive_and_nothing_starts(
    tmp_path: Path,
) -> None:
    broker = embedded_broker(tmp_path)
    await asyncio.to_thread(broker.start)
    cluster = Cluster(Connection(broker.bootstrap), TopicNames("away."), partitions=1)
    await create_topics(cluster.connection, topic_specs(cluster.names), partitions=1, replicas=1)
    settings = load_settings(
        bootstrap=cluster.bootstrap,
        topic_prefix=cluster.names.prefix,
        data_dir=tmp_path / "runner",
        signing_keys=(SecretStr("only for the tests of runners"),),
    )
    worker = Worker(settings, "worker-of-the-test")
    await worker.start(1)
    await worker.own({0})
    async with Sender(cluster.connection) as sender, RunnerClient(settings) as runner:
        lifecycle = Lifecycle(cluster, settings, sender)
        run = await runner.register_flow(flow_run_id="f")
        await run.register(["done", "running", "ahead", "asked"])
        granted = await run.start_many(["done", "running", "ahead"])
        assert all(isinstance(grant, Grant) for grant in granted)

        await asyncio.to_thread(broker.stop)
        reported = run.finish("done", Ended.success())
        asking = asyncio.create_task(run.start("asked"))
        assert isinstance(granted[2], Grant)
        beginning = asyncio.create_task(run.may_begin(granted[2]))
        cancelling = asyncio.create_task(lifecycle.cancel("f"))
        # Nothing can be asked, so nothing may begin; and what was done waits to be told.
        await asyncio.wait([asking, beginning, cancelling], timeout=2)
        assert not reported.is_sent()
        assert not asking.done()
        assert not beginning.done()

        await asyncio.to_thread(broker.start)
        await reported
        await cancelling
        intent = await anext(runner.intents())
        assert isinstance(intent, CancelFlow)
        await intent.acknowledge()
        granted_late = await asking
        for attempt in run.held:
            run.finish(attempt[0], Ended.cancelled())
        await until(beginning.done)
        await lifecycle.until_event("flow.cancelled")
        story = await lifecycle.story("f")
        assert story.index("task.succeeded done") < story.index("flow.cancelled")
        assert isinstance(granted_late, Grant) is ("task.started asked" in story)
    await worker.stop()
    await asyncio.to_thread(broker.stop)
