"""Readings that end soon: where partitions begin and end, and what is between, as of now.

Starting a client is most of what such a reading costs. So whoever has several makes one `Visit`
for them; the functions below are visits for one.

Everyone here reads ``read_committed``, if nothing else is said. The end of a partition is where
the first transaction that is still open begins, and markers of transactions take offsets without
being records: so "to the end" means until the *position* has reached the end, not the last
record's offset.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rescind.errors import BrokerUnavailableError, TopicsError
from rescind.kafka.clients.internals import discard_consumer, partitions_of
from rescind.kafka.connection import Connection
from rescind.kafka.reading.consumers import Isolation, asked, started_consumer
from rescind.kafka.reading.readers import PartitionReader
from rescind.kafka.records import Record

__all__ = ["Visit", "ends", "offsets_at", "read_to_end", "starts", "written_ends"]

_WAIT_SECONDS: Final = 30.0
_FETCH_BYTES_MAX: Final = 16 << 20
# Kafka answers the requests of a connection in turn: while it keeps one that waits for records,
# for half a second by default, no other question on it is answered.
_FETCH_WAIT_SECONDS: Final = 0.005


class Visit:
    """One client for several readings, one after the other.

    An async context manager; entering it waits up to 30 seconds for a broker. Everything raises
    `TopicsError` if there is no such topic, `BrokerUnavailableError` if nobody answers.
    """

    def __init__(self, connection: Connection, isolation: Isolation = "read_committed") -> None:
        self._connection = connection
        self._isolation: Isolation = isolation
        self._consumer: AIOKafkaConsumer | None = None
        # Of which the client knows who leads its partitions.
        self._topic = ""
        self._numbers: list[int] = []

    async def __aenter__(self) -> Self:
        self._consumer = await started_consumer(
            self._connection, _WAIT_SECONDS, _FETCH_BYTES_MAX, self._isolation, _FETCH_WAIT_SECONDS
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await discard_consumer(consumer)

    async def ends(self, topic: str) -> dict[int, int]:
        """Return for each partition the offset after the last one that is committed."""
        partitions = await self._partitions(topic)
        return await asked(self._open().end_offsets, partitions, self._connection)

    async def starts(self, topic: str) -> dict[int, int]:
        """Return for each partition the first offset that is still kept."""
        partitions = await self._partitions(topic)
        return await asked(self._open().beginning_offsets, partitions, self._connection)

    async def offsets_at(self, topic: str, at_ms: int) -> dict[int, int]:
        """Return for each partition the first offset whose record has that time or a later one.

        Milliseconds since 1970, by the clock that the topic's records carry. A partition without
        such a record gets its end.
        """
        partitions = await self._partitions(topic)
        try:
            found: dict[Any, Any] = await self._open().offsets_for_times(
                dict.fromkeys(partitions, at_ms)
            )
        except KafkaError as error:
            raise self._unavailable(error) from error
        first = {int(place.partition): at.offset for place, at in found.items() if at is not None}
        return await self.ends(topic) | first

    async def read_to_end(
        self, topic: str, partition: int, start: int | None = None
    ) -> AsyncGenerator[list[Record], None]:
        """Yield the records from ``start`` (None: the first) to the end as it is now.

        The next reading begins when this one is done. Raises `OutOfRangeError` if ``start`` is
        not kept any more.
        """
        first = start if start is not None else (await self.starts(topic))[partition]
        end = (await self.ends(topic))[partition]
        if first == end:
            return
        reader = PartitionReader(self._connection, topic, partition, first)
        reader.use(self._open())
        while await reader.position(partition) < end:
            # Short: the last thing in a partition is a marker, for which no record comes.
            records = await reader.fetch(max_records=10_000, timeout_seconds=0.02)
            if records and records[-1].offset >= end:
                records = [record for record in records if record.offset < end]
            if records:
                yield records
        self._open().pause(TopicPartition(topic, partition))

    async def _partitions(self, topic: str) -> list[TopicPartition]:
        if topic != self._topic:
            try:
                self._numbers = await partitions_of(self._open(), topic)
            except KafkaError as error:
                raise self._unavailable(error) from error
            self._topic = topic
        if not self._numbers:
            raise TopicsError([f"{topic} is missing: run `rescind topics create`"])
        return [TopicPartition(topic, number) for number in self._numbers]

    def _open(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "not entered"
        return self._consumer

    def _unavailable(self, error: Exception) -> BrokerUnavailableError:
        return BrokerUnavailableError(self._connection.bootstrap, str(error))


async def read_to_end(
    connection: Connection, topic: str, partition: int, start: int | None = None
) -> AsyncIterator[list[Record]]:
    """Yield the committed records from ``start`` (None: the first) to the end as it is now.

    Raises `OutOfRangeError` if ``start`` is not kept any more.
    """
    async with Visit(connection) as visit:
        async for records in visit.read_to_end(topic, partition, start):
            yield records


async def ends(connection: Connection, topic: str) -> dict[int, int]:
    """Return for each partition the offset after the last one that is committed."""
    async with Visit(connection) as visit:
        return await visit.ends(topic)


async def written_ends(connection: Connection, topic: str) -> dict[int, int]:
    """Return for each partition the offset after the last record, committed or not."""
    async with Visit(connection, "read_uncommitted") as visit:
        return await visit.ends(topic)


async def starts(connection: Connection, topic: str) -> dict[int, int]:
    """Return for each partition the first offset that is still kept."""
    async with Visit(connection) as visit:
        return await visit.starts(topic)


async def offsets_at(connection: Connection, topic: str, at_ms: int) -> dict[int, int]:
    """Return for each partition the first offset whose record has that time or a later one.

    Milliseconds since 1970, by the clock that the topic's records carry. A partition without such
    a record gets its end.
    """
    async with Visit(connection) as visit:
        return await visit.offsets_at(topic, at_ms)
