"""Transactions that nobody will end: of which Kafka has the records, and no longer the rest.

Kafka 4.3 and 4.4 can take a transaction for ended whose markers they have not written
(KAFKA-20734). Readers stop at it, and the marker of the same producer's next one ends it as well.
"""

from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rescind.errors import BrokerUnavailableError
from rescind.kafka.clients.internals import discard_consumer
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection

__all__ = ["where_some_hang"]

_ASK_MS: Final = 5_000


async def where_some_hang(
    connection: Connection, partitions: Iterable[TopicPartition]
) -> list[TopicPartition]:
    """Return those of these in which a transaction is open.

    When the only one who writes there has just been started, Kafka has ended what it knows of.

    Raises `BrokerUnavailableError` if nobody answers.
    """
    asked = list(partitions)
    committed = await _ends(connection, asked, "read_committed")
    written = await _ends(connection, asked, "read_uncommitted")
    return [partition for partition in asked if committed[partition] < written[partition]]


async def _ends(
    connection: Connection, partitions: list[TopicPartition], isolation: str
) -> dict[Any, int]:
    def make() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **connection.options(),
            group_id=None,
            enable_auto_commit=False,
            isolation_level=isolation,
            request_timeout_ms=_ASK_MS,
            retry_backoff_ms=50,
        )

    consumer = await started(make, discard_consumer, connection, _ASK_MS / 1000)
    try:
        found: dict[Any, int] = await consumer.end_offsets(partitions)
    except (KafkaError, TimeoutError) as error:
        raise BrokerUnavailableError(connection.bootstrap, str(error)) from error
    finally:
        await discard_consumer(consumer)
    return found
