"""Starting and discarding a client: what was given up half-way leaves nothing behind."""

import asyncio
import contextlib
import math

import psutil
from aiokafka import AIOKafkaConsumer

from rescind.kafka.connection import Connection
from rescind.kafka.internals import discard_consumer
from rescind.kafka.readers import ends
from rescind.kafka.starting import started
from tests.conftest import Cluster
from tests.waiting import until


def open_sockets() -> int:
    return len(psutil.Process().net_connections("tcp"))


async def test_a_start_that_is_interrupted_at_any_moment_leaves_no_connection_open(
    bootstrap: str,
) -> None:
    connection = Connection(bootstrap)

    def make() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(**connection.options(), group_id=None)

    before = open_sockets()
    for steps in range(60):
        starting = asyncio.create_task(started(make, discard_consumer, connection, math.inf))
        # Each time a little later: every place where it waits has its turn.
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        starting.cancel()
        try:
            consumer = await starting
        except asyncio.CancelledError:
            continue
        await discard_consumer(consumer)
    await until(lambda: open_sockets() <= before)


async def test_a_question_that_is_interrupted_at_any_moment_leaves_no_connection_open(
    cluster: Cluster,
) -> None:
    before = open_sockets()
    for steps in range(80):
        asking = asyncio.create_task(ends(cluster.connection, cluster.names.journal))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    await until(lambda: open_sockets() <= before)
