"""Starting and discarding a client: what was given up half-way leaves nothing behind."""

import asyncio
import contextlib
import math

import psutil
from aiokafka import AIOKafkaConsumer

from rescind.kafka.clients.internals import discard_consumer, partitions_of
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
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


async def test_a_client_is_discarded_to_the_end_though_whoever_waits_is_cancelled(
    bootstrap: str,
) -> None:
    connection = Connection(bootstrap)
    before = open_sockets()
    for steps in range(1, 9):
        consumer = AIOKafkaConsumer(**connection.options(), group_id=None)
        await consumer.start()
        await partitions_of(consumer, "any topic")
        discarding = asyncio.create_task(discard_consumer(consumer))
        for _ in range(steps):
            await asyncio.sleep(0)
        discarding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await discarding
    await until(lambda: open_sockets() <= before)
