"""Whichever rung of the ladder serves, it is a Kafka that everything else can stand on."""

import os

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.broker import ServedBroker

pytestmark = pytest.mark.container_smoke


def test_a_forced_rung_is_the_one_that_serves(broker: ServedBroker) -> None:
    rungs = {"testcontainers": "a container", "embedded": "the embedded Kafka"}
    if os.environ.get("RESCIND_TEST_BOOTSTRAP"):
        forced = "a given cluster"
    else:
        forced = rungs.get(os.environ.get("RESCIND_TEST_BROKER", ""), "")

    assert broker.rung.startswith(forced)


async def test_only_what_was_committed_is_read(bootstrap: str, unique_prefix: str) -> None:
    topic = f"{unique_prefix}rungs"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=topic)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted")
        await producer.abort_transaction()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"committed")
        await producer.commit_transaction()

        await consumer.start()
        assert (await consumer.getone()).value == b"committed"
    finally:
        await consumer.stop()
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()
