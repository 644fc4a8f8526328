"""Membership in the lifecycle's group: both lanes together, quick hand-overs, and no hang."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from rescind.errors import InstanceTakenError, TopicsError
from rescind.kafka.connection import Connection
from rescind.kafka.owning import lanes
from rescind.kafka.owning.instances import InstanceSlot
from rescind.kafka.owning.lanes import LaneMembership
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.settings import Settings, load_settings
from tests.broker import formatted_broker
from tests.conftest import Cluster
from tests.waiting import until

# Shown by `pytest --log-cli-level=INFO`: measured and never asserted.
log = logging.getLogger(__name__)


def settings_of(prefix: str, instance_id: str | None = None) -> Settings:
    return load_settings(topic_prefix=prefix, instance_id=instance_id)


@asynccontextmanager
async def joined(
    connection: Connection, prefix: str, instance_id: str | None = None
) -> AsyncIterator[LaneMembership]:
    membership = LaneMembership(settings_of(prefix, instance_id), connection)
    await membership.start()
    try:
        yield membership
    finally:
        await membership.leave()


async def owns(membership: LaneMembership, partitions: set[int]) -> None:
    async with asyncio.timeout(40):
        while await membership.changed() != partitions:
            pass


async def test_a_single_worker_gets_every_partition(cluster: Cluster) -> None:
    async with joined(cluster.connection, cluster.names.prefix) as worker:
        await owns(worker, {0, 1})
        assert worker.partitions == 2
        assert worker.assigned == {0, 1}


async def test_two_workers_share_the_partitions_and_each_has_both_lanes(cluster: Cluster) -> None:
    async with (
        joined(cluster.connection, cluster.names.prefix) as first,
        joined(cluster.connection, cluster.names.prefix) as second,
    ):
        assert first.instance_id != second.instance_id
        await until(lambda: sorted([*first.assigned, *second.assigned]) == [0, 1])
        await until(lambda: len(first.assigned) == len(second.assigned) == 1)


async def test_a_worker_that_leaves_gives_its_partitions_to_others_at_once(
    cluster: Cluster,
) -> None:
    async with joined(cluster.connection, cluster.names.prefix) as stays:
        async with joined(cluster.connection, cluster.names.prefix) as leaves:
            await until(lambda: len(stays.assigned) == len(leaves.assigned) == 1)
        left_at = time.monotonic()
        await owns(stays, {0, 1})
        log.info("taken over %.2f s after the other left", time.monotonic() - left_at)


async def test_a_worker_that_comes_back_under_its_name_has_its_partitions_again(
    cluster: Cluster,
) -> None:
    prefix = cluster.names.prefix
    async with joined(cluster.connection, prefix, "stays") as stays:
        restarts = LaneMembership(settings_of(prefix, "restarts"), cluster.connection)
        await restarts.start()
        await until(lambda: len(stays.assigned) == len(restarts.assigned) == 1)
        had = restarts.assigned
        await restarts.close()

        begun = time.monotonic()
        async with joined(cluster.connection, prefix, "restarts") as back:
            await owns(back, set(had))
            log.info("back with its partitions after %.2f s", time.monotonic() - begun)
            # Nobody else was disturbed.
            assert stays.assigned == {0, 1} - had


async def test_a_worker_whose_name_another_one_has_taken_goes_and_the_other_stays(
    cluster: Cluster,
) -> None:
    prefix = cluster.names.prefix
    async with joined(cluster.connection, prefix, "same") as first:
        await owns(first, {0, 1})
        async with joined(cluster.connection, prefix, "same") as second:
            await owns(second, {0, 1})
            with pytest.raises(InstanceTakenError, match="RESCIND_INSTANCE_ID"):
                await owns(first, set())
            await first.leave()
            # It has not taken anything along.
            assert second.assigned == {0, 1}
            async with joined(cluster.connection, prefix, "other") as third:
                await until(lambda: len(second.assigned) == len(third.assigned) == 1)


async def test_a_worker_does_not_take_its_name_back_because_it_shows_progress(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = cluster.names
    may_beat = asyncio.Event()
    async with joined(cluster.connection, names.prefix, "same") as first:
        await owns(first, {0, 1})
        consumer: Any = first._consumer  # noqa: SLF001
        beat = consumer._coordinator._do_heartbeat  # noqa: SLF001

        async def beat_later() -> bool:
            await may_beat.wait()
            is_known: bool = await beat()
            return is_known

        monkeypatch.setattr(consumer._coordinator, "_do_heartbeat", beat_later)  # noqa: SLF001
        async with joined(cluster.connection, names.prefix, "same") as second:
            await owns(second, {0, 1})

            await first.show_progress({(names.stop_requests, 0): 7})
            may_beat.set()

            with pytest.raises(InstanceTakenError):
                await owns(first, set())
            await first.leave()
            async with joined(cluster.connection, names.prefix, "other") as third:
                await until(lambda: len(second.assigned) == len(third.assigned) == 1)


async def test_positions_are_shown_to_tools(cluster: Cluster) -> None:
    names = cluster.names
    async with joined(cluster.connection, names.prefix) as worker:
        await owns(worker, {0, 1})
        await worker.show_progress({(names.stop_requests, 1): 17, (names.stop_requests, 99): 1})
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
        await admin.start()
        try:
            shown = await admin.list_consumer_group_offsets(names.lifecycle_group)
        finally:
            await admin.close()
    assert {(p.topic, p.partition): o.offset for p, o in shown.items() if o.offset >= 0} == {
        (names.stop_requests, 1): 17
    }


async def test_missing_lanes_are_named(cluster: Cluster) -> None:
    membership = LaneMembership(settings_of(cluster.names.prefix + "no."), cluster.connection)
    with pytest.raises(TopicsError, match="rescind topics create"):
        await membership.start()


def test_workers_of_one_machine_get_different_names_and_a_free_one_is_used_again() -> None:
    first, second = InstanceSlot("some-group"), InstanceSlot("some-group")
    other = InstanceSlot("another-group")
    assert first.instance_id != second.instance_id
    assert other.instance_id == first.instance_id
    first.release()
    again = InstanceSlot("some-group")
    assert again.instance_id == other.instance_id
    for slot in (second, other, again):
        slot.release()


@pytest.mark.slow
async def test_membership_outlives_a_broker_that_is_killed_and_restarted(tmp_path: Path) -> None:
    prefix = "t."
    async with formatted_broker(tmp_path) as broker:
        connection = Connection(broker.bootstrap)
        specs = topic_specs(TopicNames(prefix))
        await create_topics(connection, specs, partitions=2, replicas=1)
        async with joined(connection, prefix) as first:
            await owns(first, {0, 1})
            broker.kill()
            await broker.start_async()
            # The group works: it can still be shared, and taken back.
            async with joined(connection, prefix) as second:
                await until(
                    lambda: len(first.assigned) == len(second.assigned) == 1, within_seconds=60
                )
            await until(lambda: first.assigned == {0, 1}, within_seconds=60)


@pytest.mark.slow
async def test_a_client_that_has_stopped_taking_part_is_replaced(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_WATCH_SECONDS", 0.5)
    prefix = cluster.names.prefix
    async with joined(cluster.connection, prefix) as hangs:
        await owns(hangs, {0, 1})
        # As after some restarts of a broker: no heartbeat, no rejoin, no error.
        consumer: Any = hangs._consumer  # noqa: SLF001
        monkeypatch.setattr(consumer._coordinator, "_do_heartbeat", asyncio.Event().wait)  # noqa: SLF001
        async with joined(cluster.connection, prefix) as second:
            await until(lambda: second.assigned == {0, 1})
            await until(lambda: len(hangs.assigned) == len(second.assigned) == 1)


async def test_a_client_whose_task_has_ended_is_replaced(cluster: Cluster) -> None:
    async with joined(cluster.connection, cluster.names.prefix) as worker:
        await owns(worker, {0, 1})
        consumer: Any = worker._consumer  # noqa: SLF001
        consumer._coordinator._coordination_task.cancel()  # noqa: SLF001
        await until(lambda: worker._consumer not in (None, consumer))  # noqa: SLF001
        async with joined(cluster.connection, cluster.names.prefix) as second:
            await until(lambda: len(worker.assigned) == len(second.assigned) == 1)
