"""Readers without a group: committed records only, to the end and from anywhere."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from rescind.errors import BrokerUnavailableError, OutOfRangeError, StalledError, TopicsError
from rescind.kafka.connection import Connection
from rescind.kafka.reading import readers
from rescind.kafka.reading.readers import PartitionReader, TopicFollower
from rescind.kafka.reading.visits import ends, read_to_end, starts
from rescind.kafka.records import OutRecord
from tests.conftest import Cluster
from tests.kafka.test_transactions import producer_of, shows, values


async def test_the_end_is_where_the_first_open_transaction_begins(cluster: Cluster) -> None:
    topic = cluster.names.journal
    async with (
        AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as plain,
        AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=topic) as open_one,
    ):
        await plain.send_and_wait(topic, b"first", partition=0)
        await open_one.begin_transaction()
        await open_one.send_and_wait(topic, b"open", partition=0)
        await plain.send_and_wait(topic, b"behind it", partition=0)

        assert (await ends(cluster.connection, topic))[0] == 1
        assert await values(cluster.connection, topic) == [b"first"]
        await open_one.abort_transaction()
        await shows(cluster.connection, topic, [b"first", b"behind it"])


async def test_the_position_goes_past_markers(cluster: Cluster) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as producer:
        for number in range(3):
            await producer.transact([OutRecord(names.journal, b"k", b"%d" % number)])
    await shows(cluster.connection, names.journal, [b"0", b"1", b"2"])
    end = (await ends(cluster.connection, names.journal))[0]
    async with PartitionReader(cluster.connection, names.journal, 0, 0) as reader:
        got = list[bytes | None]()
        async with asyncio.timeout(30):
            while await reader.position(0) < end:
                got += [r.value for r in await reader.fetch(timeout_seconds=0.05)]
    assert got == [b"0", b"1", b"2"]
    # Three records and the marker of each; one more of the transaction begun ahead may follow.
    assert end >= 6


async def test_reading_begins_where_it_is_told(cluster: Cluster) -> None:
    topic = cluster.names.stop_requests
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        for number in range(10):
            await producer.send_and_wait(topic, b"%d" % number, partition=1)
    got = [r.offset async for batch in read_to_end(cluster.connection, topic, 1, 7) for r in batch]
    assert got == [7, 8, 9]
    assert await starts(cluster.connection, topic) == {0: 0, 1: 0}


async def test_a_follower_sees_what_comes_later_on_each_of_its_partitions(
    cluster: Cluster,
) -> None:
    topic = cluster.names.inbox
    positions = await ends(cluster.connection, topic)
    async with (
        TopicFollower(cluster.connection, topic, positions) as follower,
        AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer,
    ):
        await producer.send_and_wait(topic, b"a", partition=0)
        await producer.send_and_wait(topic, b"b", partition=1)
        got = set[tuple[int, bytes | None]]()
        async with asyncio.timeout(30):
            async for batch in follower.follow():
                got |= {(record.partition, record.value) for record in batch}
                if len(got) == 2:
                    break
    assert got == {(0, b"a"), (1, b"b")}


async def test_records_that_are_gone_are_told_with_where_they_begin_now(cluster: Cluster) -> None:
    topic = cluster.names.stop_requests
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        for number in range(5):
            await producer.send_and_wait(topic, b"%d" % number, partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=3)})
    await admin.close()

    async with PartitionReader(cluster.connection, topic, 0, 1) as reader:
        with pytest.raises(OutOfRangeError) as raised:
            await reader.fetch(timeout_seconds=30)
        assert (raised.value.position, raised.value.first, raised.value.end) == (1, 3, 5)
        reader.seek(0, raised.value.first)
        assert [r.offset for r in await reader.fetch(timeout_seconds=30)] == [3, 4]


async def test_a_topic_that_is_not_there_is_named(cluster: Cluster) -> None:
    with pytest.raises(TopicsError, match="rescind topics create"):
        await ends(cluster.connection, cluster.names.prefix + "nothing")


async def test_a_broker_that_is_not_there_is_named() -> None:
    reader = PartitionReader(Connection("127.0.0.1:1"), "t", 0, 0, wait_seconds=0.2)
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1:1"):
        await reader.__aenter__()


async def test_a_client_that_gets_nothing_though_there_is_more_is_told_from_an_idle_one(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_STALL_SECONDS", 0.1)
    topic = cluster.names.stop_requests
    async with PartitionReader(cluster.connection, topic, 0, 0) as reader:
        for _ in range(5):
            assert await reader.fetch(timeout_seconds=0.05) == []
        # What a hanging client looks like from outside.
        reader._open().pause(TopicPartition(topic, 0))  # noqa: SLF001
        async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
            await producer.send_and_wait(topic, b"unseen", partition=0)

        async def fetch_for_ever() -> None:
            while True:
                assert await reader.fetch(timeout_seconds=0.05) == []

        with pytest.raises(StalledError, match="1 behind"):
            await asyncio.wait_for(fetch_for_ever(), 30)
