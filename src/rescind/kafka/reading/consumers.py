"""Consumers of aiokafka without a group: how all readers here start and ask them."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rescind.errors import BrokerUnavailableError
from rescind.kafka.clients.internals import discard_consumer
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
from rescind.kafka.reading.batches import read_any_batch

__all__ = ["Isolation", "asked", "started_consumer"]

Isolation = Literal["read_committed", "read_uncommitted"]

_ASK_MS: Final = 10_000


async def started_consumer(
    connection: Connection,
    wait_seconds: float,
    fetch_bytes_max: int,
    isolation: Isolation = "read_committed",
    fetch_wait_seconds: float = 0.5,
) -> AIOKafkaConsumer:
    """Return one that has started; whoever asked for it discards it.

    Kafka keeps a fetch for `fetch_wait_seconds` when there is nothing to be fetched.

    Raises `BrokerUnavailableError` if no broker answers for so long.
    """

    def make() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **connection.options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level=isolation,
            max_partition_fetch_bytes=fetch_bytes_max,
            fetch_max_wait_ms=round(fetch_wait_seconds * 1000),
            request_timeout_ms=_ASK_MS,
            retry_backoff_ms=50,
        )

    read_any_batch()
    return await started(make, discard_consumer, connection, wait_seconds)


async def asked(
    ask: Callable[[list[TopicPartition]], Awaitable[dict[Any, int]]],
    partitions: Iterable[TopicPartition],
    connection: Connection,
) -> dict[int, int]:
    """Return the offset that a consumer knows of each of these partitions of one topic.

    Raises `BrokerUnavailableError` if it gets no answer.
    """
    try:
        found = await ask(list(partitions))
    except (KafkaError, TimeoutError) as error:
        raise BrokerUnavailableError(connection.bootstrap, str(error)) from error
    return {int(partition.partition): offset for partition, offset in found.items()}
