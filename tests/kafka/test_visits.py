"""Several readings by one client, one after the other."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from rescind.errors import OutOfRangeError, TopicsError
from rescind.kafka.reading.visits import Visit, offsets_at, written_ends
from rescind.kafka.records import OutRecord
from tests.conftest import Cluster
from tests.kafka.test_transactions import producer_of


async def write(cluster: Cluster, topic: str, *said: bytes, partition: int = 0) -> None:
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        for value in said:
            await producer.send_and_wait(topic, value, partition=partition)


async def read(visit: Visit, topic: str, partition: int, start: int | None = None) -> list[bytes]:
    return [
        record.value or b""
        async for records in visit.read_to_end(topic, partition, start)
        for record in records
    ]


async def test_a_visit_goes_from_topic_to_topic_and_back(cluster: Cluster) -> None:
    names = cluster.names
    await write(cluster, names.journal, b"a", b"b")
    await write(cluster, names.inbox, b"c", partition=1)
    async with Visit(cluster.connection) as visit:
        assert await read(visit, names.journal, 0) == [b"a", b"b"]
        assert await read(visit, names.inbox, 1) == [b"c"]
        assert await read(visit, names.inbox, 0) == []
        # What came since the first look is there at the second.
        await write(cluster, names.journal, b"d")
        assert await visit.ends(names.inbox) == {0: 0, 1: 1}
        assert await read(visit, names.journal, 0, 1) == [b"b", b"d"]
        assert await visit.starts(names.journal) == {0: 0, 1: 0}


async def test_a_topic_that_is_missing_is_named_and_the_visit_goes_on(cluster: Cluster) -> None:
    async with Visit(cluster.connection) as visit:
        for _ in range(2):
            with pytest.raises(TopicsError, match=f"{cluster.names.prefix}no is missing"):
                await visit.ends(cluster.names.prefix + "no")
        assert await visit.ends(cluster.names.journal) == {0: 0, 1: 0}


async def test_where_records_are_gone_is_told_and_the_visit_goes_on(cluster: Cluster) -> None:
    topic = cluster.names.stop_requests
    await write(cluster, topic, b"0", b"1", b"2")
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=2)})
    await admin.close()
    async with Visit(cluster.connection) as visit:
        with pytest.raises(OutOfRangeError) as raised:
            await read(visit, topic, 0, 1)
        assert (raised.value.position, raised.value.first) == (1, 2)
        assert await read(visit, topic, 0) == [b"2"]


async def test_a_visit_ends_where_a_transaction_is_open_and_says_so_where_it_is_asked(
    cluster: Cluster,
) -> None:
    topic = cluster.names.journal
    async with (
        Visit(cluster.connection) as visit,
        AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=topic) as open_one,
    ):
        await write(cluster, topic, b"before")
        await open_one.begin_transaction()
        await open_one.send_and_wait(topic, b"open", partition=0)

        assert (await visit.ends(topic))[0] == 1
        assert await read(visit, topic, 0) == [b"before"]
        assert (await written_ends(cluster.connection, topic))[0] == 2
        await open_one.abort_transaction()


async def test_a_visit_begins_at_a_time(cluster: Cluster) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as producer:
        await producer.transact([OutRecord(names.journal, b"k", b"early")])
    async with Visit(cluster.connection) as visit:
        (record,) = [r async for batch in visit.read_to_end(names.journal, 0) for r in batch]
        at_ms = record.timestamp_ms
        assert (await visit.offsets_at(names.journal, at_ms))[0] == record.offset
        end = await visit.ends(names.journal)
    assert await offsets_at(cluster.connection, names.journal, at_ms + 3_600_000) == end
