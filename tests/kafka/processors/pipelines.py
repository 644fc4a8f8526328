"""One partition's pipeline in this process, without the worker that would start it again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rescind.errors import FencedError
from rescind.kafka.connection import connect
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.lifecycle.lifecycle import Place
from rescind.processors.pipeline.pipeline import Pipeline
from rescind.processors.shared.broker_time import BrokerTime
from rescind.processors.shared.keys import signing_keys
from rescind.processors.shared.tools import Asking, Tools
from rescind.processors.worker import policy_of
from rescind.settings import Settings
from rescind.statemachine.policy import Policy
from tests.kafka.processors.service import Service

__all__ = ["Running", "at_rest", "running", "tools_of"]


@asynccontextmanager
async def tools_of(settings: Settings, kind: type[Tools] = Tools) -> AsyncIterator[Tools]:
    """What pipelines share; `kind` may be one that hands out other producers."""
    connection, names = connect(settings), TopicNames(settings.topic_prefix)
    async with Sender(connection) as sender:
        asking = Asking(connection, names, sender, signing_keys(settings))
        broker_time = BrokerTime(sender, names.heartbeats, "pipeline-of-a-test")
        await broker_time.learn()
        yield kind(asking, broker_time)


@dataclass(frozen=True, slots=True)
class Running:
    """A pipeline and the task that serves it, which ends when another takes over."""

    pipeline: Pipeline
    task: "asyncio.Task[None]"


@asynccontextmanager
async def running(
    service: Service,
    partition: int,
    *,
    kind: type[Tools] = Tools,
    policy: Policy | None = None,
) -> AsyncIterator[Running]:
    """Serve a partition until the end of the test, or until another has taken it over."""
    settings = service.settings()
    keys = signing_keys(settings)
    place = Place(partition, service.partitions, service.names, keys)
    async with tools_of(settings, kind) as tools:
        pipeline = Pipeline(place, policy or policy_of(settings), tools)
        serving = asyncio.create_task(pipeline.run())
        try:
            yield Running(pipeline, serving)
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, FencedError):
                await serving
            await pipeline.stop()


async def at_rest(service: Service, partition: int) -> None:
    """Let a transaction that nobody serves any more come to its end, this way or that."""
    async with tools_of(service.settings()) as tools:
        producer = tools.producer_for(partition)
        await producer.start()
        await producer.stop()
