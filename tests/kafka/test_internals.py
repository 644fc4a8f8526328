# ruff: noqa: SLF001 - they are looked at here so that nobody else has to.
"""The parts of aiokafka that are not its interface are still what we take them for."""

import inspect
import time

import aiokafka.producer.sender as producer_sender
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.conn import CloseReason

from rescind.kafka.clients.internals import (
    add_partitions_ahead,
    discard_producer,
    fatal_error,
    lower_transaction_backoff,
    pace_metadata,
    tell_lost_connections,
)
from tests.conftest import Cluster
from tests.waiting import until


def test_the_pause_between_transactions_is_a_constant_read_at_each_use() -> None:
    lower_transaction_backoff()
    assert producer_sender.BACKOFF_OVERRIDE == 0.001
    handler = inspect.getsource(producer_sender.AddPartitionsToTxnHandler.handle_response)
    assert "return BACKOFF_OVERRIDE" in handler


async def test_partitions_can_be_added_before_there_is_a_record_for_them(cluster: Cluster) -> None:
    partition = TopicPartition(cluster.names.journal, 0)
    async with AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap, transactional_id=cluster.names.prefix
    ) as producer:
        await producer.begin_transaction()
        manager = producer._txn_manager
        assert manager is not None
        add_partitions_ahead(producer, [partition])
        await until(lambda: partition in manager.txn_partitions)
        await producer.send_and_wait(partition.topic, b"x", partition=0)
        await producer.commit_transaction()


async def test_who_is_answered_by_no_broker_asks_again_after_a_pause(cluster: Cluster) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap)
    pace_metadata(producer)
    async with producer:
        client = producer.client
        brokers = client.cluster._brokers
        brokers.update({number: broker._replace(port=1) for number, broker in brokers.items()})
        for connection in list(client._conns.values()):
            connection.close()

        begun = time.monotonic()
        for _ in range(5):
            assert not await client.force_metadata_update()

    assert time.monotonic() - begun >= 0.4


async def test_a_producer_tells_of_a_connection_that_broke_and_not_of_one_that_it_closed(
    cluster: Cluster,
) -> None:
    told = list[str]()
    producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap)
    tell_lost_connections(producer, lambda: told.append("lost"))
    async with producer:
        await producer.send_and_wait(cluster.names.journal, b"x", partition=0)
        idle, *_ = producer.client._conns.values()
        idle.close(reason=CloseReason.IDLE_DROP)
        await producer.send_and_wait(cluster.names.journal, b"x", partition=0)
        assert not told
        for connection in list(producer.client._conns.values()):
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
        assert told
        told.clear()
    assert not told


async def test_a_producer_is_discarded_at_once_though_its_broker_is_gone(
    cluster: Cluster,
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, enable_idempotence=True)
    await producer.start()
    await producer.partitions_for(cluster.names.journal)
    # As good as gone: nothing can be sent to a leader at another address.
    brokers = producer.client.cluster._brokers
    brokers.update({number: broker._replace(port=1) for number, broker in brokers.items()})
    await producer.send(cluster.names.journal, b"never sent")
    begun = time.monotonic()
    await discard_producer(producer)
    assert time.monotonic() - begun < 10
    assert fatal_error(producer) is None
