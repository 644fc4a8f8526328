"""`EndsAsker`: where the partitions of one topic end, asked again and again, and quickly.

A reader that waits for records holds up everything else on its connection, for up to half a
second: so whoever has to know an end while it reads asks on a connection of its own. The end is
the committed one: where the first transaction that is still open begins.
"""

import asyncio
import math
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rescind.errors import BrokerUnavailableError, TopicsError
from rescind.kafka.clients.internals import discard_consumer, partitions_of
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection

__all__ = ["EndsAsker"]

_ASK_MS: Final = 5_000


class EndsAsker:
    """An async context manager; entering it waits up to ``wait_seconds`` for a broker."""

    def __init__(
        self, connection: Connection, topic: str, *, wait_seconds: float = math.inf
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._wait_seconds = wait_seconds
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        self._consumer = await started(
            self._new, discard_consumer, self._connection, self._wait_seconds
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await discard_consumer(consumer)

    async def partitions(self) -> int:
        """Return how many partitions the topic has.

        Raises `TopicsError` if there is no such topic, `BrokerUnavailableError` if nobody answers.
        """
        try:
            async with asyncio.timeout(_ASK_MS / 1000):
                found = await partitions_of(self._open(), self._topic)
        except (KafkaError, TimeoutError) as error:
            raise self._unavailable(error) from error
        if not found:
            raise TopicsError([f"{self._topic} is missing: run `rescind topics create`"])
        return len(found)

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each of them the offset after the last one that is committed.

        Raises `BrokerUnavailableError` if nobody answers within five seconds.
        """
        asked = [TopicPartition(self._topic, partition) for partition in partitions]
        try:
            async with asyncio.timeout(_ASK_MS / 1000):
                found: dict[TopicPartition, int] = await self._open().end_offsets(asked)
        except (KafkaError, TimeoutError) as error:
            raise self._unavailable(error) from error
        return {int(partition.partition): int(offset) for partition, offset in found.items()}

    def _open(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "not entered"
        return self._consumer

    def _unavailable(self, error: Exception) -> BrokerUnavailableError:
        why = str(error) or f"no answer within {_ASK_MS // 1000} s"
        return BrokerUnavailableError(self._connection.bootstrap, why)

    def _new(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._connection.options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            request_timeout_ms=_ASK_MS,
            retry_backoff_ms=50,
        )
