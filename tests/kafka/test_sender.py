"""The sender: in order, safe when acknowledged, patient, and clear about what can never be sent."""

from pathlib import Path

import pytest

from rescind.errors import RecordTooLargeError, TopicsError
from rescind.kafka.connection import Connection
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.kafka.writing.sender import Sender
from tests.broker import formatted_broker
from tests.conftest import Cluster
from tests.kafka.test_transactions import read, values


async def test_a_record_is_where_the_answer_says(cluster: Cluster) -> None:
    topic = cluster.names.stop_requests
    async with Sender(cluster.connection) as sender:
        first = await sender.send(OutRecord(topic, b"k", b"1", [("h", b"v")], partition=1))
        second = await sender.send(OutRecord(topic, b"k", b"2", partition=1))
    assert (first.partition, first.offset, second.offset) == (1, 0, 1)
    found = await read(cluster.connection, topic, 1)
    assert [(r.value, r.timestamp_ms) for r in found] == [
        (b"1", first.timestamp_ms),
        (b"2", second.timestamp_ms),
    ]
    assert found[0].header("h") == b"v"


async def test_a_record_without_a_partition_goes_where_java_puts_its_key(
    cluster: Cluster,
) -> None:
    async with Sender(cluster.connection) as sender:
        for key in ("alpha", "beta", "gamma", "delta"):
            sent = await sender.send(OutRecord(cluster.names.stop_requests, key.encode(), b"x"))
            assert sent.partition == partition_of(key, cluster.partitions)


async def test_what_is_posted_at_once_arrives_in_order(cluster: Cluster) -> None:
    topic = cluster.names.start_requests
    posted = [b"%d" % number for number in range(5000)]
    async with Sender(cluster.connection) as sender:
        for value in posted:
            sender.post(OutRecord(topic, b"k", value, partition=0))
        await sender.flush()
        assert sender.unsent == []
    assert await values(cluster.connection, topic) == posted


async def test_a_record_without_key_and_value_is_not_taken_and_holds_nothing_up(
    cluster: Cluster,
) -> None:
    topic = cluster.names.stop_requests
    async with Sender(cluster.connection) as sender:
        with pytest.raises(AssertionError, match="without key and value"):
            sender.post(OutRecord(topic, None, None, partition=0))
        await sender.send(OutRecord(topic, None, b"value alone", partition=0))
        await sender.send(OutRecord(topic, b"key alone", None, partition=0))
        assert sender.unsent == []
    found = await read(cluster.connection, topic, 0)
    assert [(r.key, r.value) for r in found] == [(None, b"value alone"), (b"key alone", None)]


async def test_a_record_that_is_too_large_fails_alone(cluster: Cluster) -> None:
    topic = cluster.names.stop_requests
    async with Sender(cluster.connection) as sender:
        before = sender.post(OutRecord(topic, b"k", b"before", partition=0))
        large = sender.post(OutRecord(topic, b"k", bytes(2 << 20), partition=0))
        after = sender.post(OutRecord(topic, b"k", b"after", partition=0))
        with pytest.raises(RecordTooLargeError):
            await large
        await before
        await after
    assert await values(cluster.connection, topic) == [b"before", b"after"]


@pytest.mark.slow
async def test_a_topic_that_is_missing_is_named(cluster: Cluster) -> None:
    async with Sender(cluster.connection) as sender:
        with pytest.raises(TopicsError, match="rescind topics create"):
            await sender.send(OutRecord(cluster.names.prefix + "nothing", b"k", b"x"))


@pytest.mark.slow
async def test_records_posted_while_the_broker_is_away_arrive_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = "t.stop-requests"
    async with formatted_broker(tmp_path) as broker:
        connection = Connection(broker.bootstrap)
        await create_topics(connection, topic_specs(TopicNames("t.")), partitions=1, replicas=1)
        async with Sender(connection) as sender:
            await sender.send(OutRecord(topic, b"k", b"0"))
            broker.kill()
            for number in range(1, 200):
                sender.post(OutRecord(topic, b"k", b"%d" % number))
            assert len(sender.unsent) == 199
            await broker.start_async()
            await sender.flush()
        found = [int(value or b"") for value in await values(connection, topic)]
    # A record may be there twice, but none is missing and none overtakes another's first coming.
    assert list(dict.fromkeys(found)) == list(range(200))
    said = [r for r in caplog.records if "wait for Kafka" in r.message]
    assert len(said) <= 1


async def test_closing_in_vain_gives_back_what_was_not_sent(tmp_path: Path) -> None:
    topic = "t.stop-requests"
    async with formatted_broker(tmp_path) as broker:
        connection = Connection(broker.bootstrap)
        await create_topics(connection, topic_specs(TopicNames("t.")), partitions=1, replicas=1)
        sender = Sender(connection)
        await sender.start()
        await sender.send(OutRecord(topic, b"k", b"sent"))
        await broker.stop_async()
        left = OutRecord(topic, b"k", b"left")
        answer = sender.post(left)
        assert await sender.close(wait_seconds=0.2) == [left]
        assert answer.cancelled()
