"""Records that nobody can read in the small topic: each agent goes on with what comes after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import structlog
from prometheus_client import CollectorRegistry

from rescind.events.hooks import HookEvent
from rescind.kafka.reading.keeping import kept_positions
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender
from rescind.processors.hooking.courier import Courier, Means
from rescind.processors.hooking.tries import Try
from rescind.processors.measuring.hooks import HookMeters
from rescind.processors.shared.broker_time import BrokerTime
from rescind.processors.shared.tools import Asking
from rescind.processors.watching.cancelling import Cancelling
from rescind.processors.watching.registry import Registry
from rescind.settings.hooks import Hook
from tests.conftest import Cluster
from tests.kafka.processors.agents.test_following import cancelled
from tests.waiting import until

BEGINS = (("ce_type", b"flow.cancelling.v1"),)


def odd() -> list[bytes]:
    """Garbage, and events that are none of a flow run, or of a time that has no end."""
    of_nobody = orjson.loads(cancelled())
    of_nobody["partition"] = f"{of_nobody.pop('flow_run_id')}/of/nobody"
    of_no_time = orjson.loads(cancelled())
    of_no_time["data"]["terms"]["deadline_at"] = "9998-12-31T23:59:59.999Z"
    long = cancelled().replace(b'"id"', b'"traceparent":"%s","id"' % (b"z" * 5_000), 1)
    return [b"", b"garbage", b"[]", orjson.dumps(of_nobody), orjson.dumps(of_no_time), long]


def named(value: bytes, flow_run_id: str) -> bytes:
    return value.replace(b'"flow_run_id":"f"', b'"flow_run_id":"%s"' % flow_run_id.encode())


class Told:
    """A hook that takes everything."""

    def __init__(self) -> None:
        self.events: list[HookEvent] = []

    async def tell(self, event: HookEvent) -> Try:
        self.events.append(event)
        return Try()

    async def close(self) -> None:
        """Nothing is held."""


@asynccontextmanager
async def told(
    cluster: Cluster, sender: Sender
) -> AsyncIterator[tuple[Told, "asyncio.Task[None]"]]:
    """What a hook is told from now on, and the courier that tells it."""
    time = BrokerTime(sender, cluster.names.heartbeats, "a courier", service="agents")
    await time.learn()
    means = Means(
        Asking(cluster.connection, cluster.names, sender, {}),
        time,
        HookMeters(CollectorRegistry()),
    )
    target = Told()
    courier = asyncio.create_task(Courier("told", Hook(), target, means).serve(lambda: {0}))
    group, topic = cluster.names.hook_group("told"), cluster.names.cancellations

    async def has_begun() -> bool:
        return bool(await kept_positions(cluster.connection, group, topic, {0}))

    try:
        await until(has_begun, within_seconds=60)
        yield target, courier
    finally:
        courier.cancel()
        await asyncio.wait([courier])


async def test_whoever_reminds_goes_on_after_what_cannot_be_read(cluster: Cluster) -> None:
    cancelling, registry = Cancelling(), Registry()
    topic = cluster.names.cancellations
    async with Sender(cluster.connection) as sender:
        for value in odd():
            await sender.send(OutRecord(topic, b"f", value))
            await sender.send(OutRecord(cluster.names.runners, b"r", value))
        await sender.send(OutRecord(topic, b"g", named(cancelled(), "g")))
        following = [
            asyncio.create_task(each.follow(cluster.connection, cluster.names))
            for each in (cancelling, registry)
        ]
        await until(lambda: cancelling.is_current, within_seconds=60)
        ended = [task for task in following if task.done()]
        for task in following:
            task.cancel()
        await asyncio.wait(following)

    assert ended == []
    assert cancelling.missed_by("r", ["g"])


async def test_a_hook_is_told_what_comes_after_what_cannot_be_read(cluster: Cluster) -> None:
    topic = cluster.names.cancellations
    async with Sender(cluster.connection) as sender, told(cluster, sender) as (target, courier):
        for value in odd():
            await sender.send(OutRecord(topic, b"f", value, BEGINS, 0))
        await sender.send(OutRecord(topic, b"g", named(cancelled(), "g"), BEGINS, 0))

        await until(
            lambda: "g" in {event.flow_run_id for event in target.events}, within_seconds=60
        )
        assert not courier.done()


async def test_a_hook_waits_for_whoever_can_read_what_is_of_a_newer_release(
    cluster: Cluster,
) -> None:
    topic = cluster.names.cancellations
    newer = cancelled().replace(b'"terms":{', b'"terms":{"colour":"red",')
    with structlog.testing.capture_logs() as said:
        async with Sender(cluster.connection) as sender, told(cluster, sender) as (target, courier):
            await sender.send(OutRecord(topic, b"f", newer, BEGINS, 0))
            await sender.send(OutRecord(topic, b"g", named(cancelled(), "g"), BEGINS, 0))
            await until(
                lambda: "a hook waits for a newer release" in {line["event"] for line in said},
                within_seconds=60,
            )
            assert not courier.done()

    assert target.events == []
