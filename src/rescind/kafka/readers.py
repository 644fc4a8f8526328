"""Committed records of topics, read without a consumer group: for restores, runners and tools.

Everyone here reads ``read_committed``. The end of a partition is where the first transaction
that is still open begins, and markers of transactions take offsets without being records: so
"to the end" means until the *position* has reached the end, not the last record's offset.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from rescind.errors import BrokerUnavailableError, OutOfRangeError, StalledError, TopicsError
from rescind.kafka.connection import Connection
from rescind.kafka.headers import read_any_header_name
from rescind.kafka.internals import discard_consumer, partitions_of
from rescind.kafka.records import Record
from rescind.kafka.starting import started

__all__ = [
    "PartitionReader",
    "TopicFollower",
    "ends",
    "offsets_at",
    "read_to_end",
    "starts",
    "written_ends",
]

_WAIT_SECONDS: Final = 30.0
_ASK_MS: Final = 10_000
_FETCH_BYTES_MAX: Final = 4 << 20
_STALL_SECONDS: Final = 30.0


class TopicFollower:
    """Some partitions of one topic, from given positions on, as records come.

    ``positions`` maps a partition to the offset to begin at. An async context manager; entering
    it waits up to ``wait_seconds`` for a broker.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str,
        positions: Mapping[int, int],
        *,
        wait_seconds: float = _WAIT_SECONDS,
        fetch_bytes_max: int = _FETCH_BYTES_MAX,
    ) -> None:
        self.topic = topic
        self._connection = connection
        self._start = {TopicPartition(topic, p): offset for p, offset in positions.items()}
        self._wait_seconds = wait_seconds
        self._fetch_bytes_max = fetch_bytes_max
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        self._consumer = await _started_consumer(
            self._connection, self._wait_seconds, self._fetch_bytes_max
        )
        self._consumer.assign(list(self._start))
        for partition, offset in self._start.items():
            self._consumer.seek(partition, offset)
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

    async def fetch(self, *, max_records: int = 2000, timeout_seconds: float = 1.0) -> list[Record]:
        """Return what has come, at most so many; empty when nothing did in so long.

        The order is that of each partition. Raises `OutOfRangeError` when a position is before
        the first record that is kept: `starts` says where records begin now.
        """
        consumer = self._open()
        try:
            batches: dict[Any, list[Any]] = await consumer.getmany(
                timeout_ms=round(timeout_seconds * 1000), max_records=max_records
            )
        except OffsetOutOfRangeError as error:
            raise await self._out_of_range(error) from None
        return [record for batch in batches.values() for record in map(_record, batch)]

    async def follow(self, *, max_records: int = 2000) -> AsyncIterator[list[Record]]:
        """Yield what comes, for ever; a list is never empty."""
        while True:
            if records := await self.fetch(max_records=max_records, timeout_seconds=60):
                yield records

    async def position(self, partition: int) -> int:
        """Return the next offset to be read: past markers, which no record shows."""
        return int(await self._open().position(TopicPartition(self.topic, partition)))

    def seek(self, partition: int, offset: int) -> None:
        """Go on from there. What has been fetched and not handed out is dropped."""
        self._open().seek(TopicPartition(self.topic, partition), offset)

    async def ends(self) -> dict[int, int]:
        """Return for each partition the offset after the last one that is committed."""
        return await _asked(self._open().end_offsets, self._start, self._connection)

    def _open(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "not entered"
        return self._consumer

    async def _out_of_range(self, error: OffsetOutOfRangeError) -> OutOfRangeError:
        (partition, asked), *_ = error.args[0].items()
        firsts = await _asked(self._open().beginning_offsets, [partition], self._connection)
        lasts = await _asked(self._open().end_offsets, [partition], self._connection)
        number = int(partition.partition)
        return OutOfRangeError(self.topic, number, int(asked), firsts[number], lasts[number])


class PartitionReader(TopicFollower):
    """One partition of one topic, with a connection of its own.

    Nothing of another partition delays it: aiokafka stops fetching from a broker while any
    partition of the same consumer has records that were not taken, for up to 100 ms.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str,
        partition: int,
        start: int,
        *,
        wait_seconds: float = _WAIT_SECONDS,
        fetch_bytes_max: int = _FETCH_BYTES_MAX,
    ) -> None:
        super().__init__(
            connection,
            topic,
            {partition: start},
            wait_seconds=wait_seconds,
            fetch_bytes_max=fetch_bytes_max,
        )
        self.partition = partition
        self._looked_at = time.monotonic()
        self._suspect: int | None = None

    async def fetch(self, *, max_records: int = 2000, timeout_seconds: float = 1.0) -> list[Record]:
        """As above; also raises `StalledError` when nothing comes for long though there is more."""
        records = await super().fetch(max_records=max_records, timeout_seconds=timeout_seconds)
        if records:
            self._looked_at, self._suspect = time.monotonic(), None
        elif time.monotonic() - self._looked_at > _STALL_SECONDS:
            await self._look_for_a_stall()
        return records

    async def _look_for_a_stall(self) -> None:
        position = await self.position(self.partition)
        try:
            lag = await self.end() - position
        except BrokerUnavailableError:
            return
        if lag > 0 and self._suspect == position:
            raise StalledError(f"{self.topic}[{self.partition}]", lag, 2 * _STALL_SECONDS)
        # What came between the fetch and the question is no stall: ask once more.
        self._looked_at, self._suspect = time.monotonic(), position if lag > 0 else None

    async def end(self) -> int:
        return (await self.ends())[self.partition]


async def read_to_end(
    connection: Connection,
    topic: str,
    partition: int,
    start: int | None = None,
    *,
    wait_seconds: float = _WAIT_SECONDS,
) -> AsyncIterator[list[Record]]:
    """Yield the committed records from ``start`` (None: the first) to the end as it is now.

    Raises `OutOfRangeError` if ``start`` is not kept any more.
    """
    first = start if start is not None else (await starts(connection, topic))[partition]
    reader = PartitionReader(
        connection, topic, partition, first, wait_seconds=wait_seconds, fetch_bytes_max=16 << 20
    )
    async with reader:
        end = await reader.end()
        while await reader.position(partition) < end:
            # Short: the last thing in a partition is a marker, for which no record comes.
            records = await reader.fetch(max_records=10_000, timeout_seconds=0.02)
            if records and records[-1].offset >= end:
                records = [record for record in records if record.offset < end]
            if records:
                yield records


async def ends(connection: Connection, topic: str) -> dict[int, int]:
    """Return for each partition the offset after the last one that is committed."""
    async with _asking(connection, topic) as (consumer, partitions):
        return await _asked(consumer.end_offsets, partitions, connection)


async def written_ends(connection: Connection, topic: str) -> dict[int, int]:
    """Return for each partition the offset after the last record, committed or not."""
    async with _asking(connection, topic, "read_uncommitted") as (consumer, partitions):
        return await _asked(consumer.end_offsets, partitions, connection)


async def starts(connection: Connection, topic: str) -> dict[int, int]:
    """Return for each partition the first offset that is still kept."""
    async with _asking(connection, topic) as (consumer, partitions):
        return await _asked(consumer.beginning_offsets, partitions, connection)


async def offsets_at(connection: Connection, topic: str, at_ms: int) -> dict[int, int]:
    """Return for each partition the first offset whose record has that time or a later one.

    Milliseconds since 1970, by the clock that the topic's records carry. A partition without
    such a record gets its end.
    """
    async with _asking(connection, topic) as (consumer, partitions):
        found: dict[Any, Any] = await consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
        last = await _asked(consumer.end_offsets, partitions, connection)
        first = {int(place.partition): at.offset for place, at in found.items() if at is not None}
        return last | first


@asynccontextmanager
async def _asking(
    connection: Connection, topic: str, isolation: str = "read_committed"
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = await _started_consumer(connection, _WAIT_SECONDS, _FETCH_BYTES_MAX, isolation)
    try:
        numbers = await partitions_of(consumer, topic)
        if not numbers:
            raise TopicsError([f"{topic} is missing: run `rescind topics create`"])
        yield consumer, [TopicPartition(topic, number) for number in numbers]
    except KafkaError as error:
        raise BrokerUnavailableError(connection.bootstrap, str(error)) from error
    finally:
        await discard_consumer(consumer)


async def _started_consumer(
    connection: Connection,
    wait_seconds: float,
    fetch_bytes_max: int,
    isolation: str = "read_committed",
) -> AIOKafkaConsumer:
    def make() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **connection.options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level=isolation,
            max_partition_fetch_bytes=fetch_bytes_max,
            request_timeout_ms=_ASK_MS,
            retry_backoff_ms=50,
        )

    read_any_header_name()
    return await started(make, discard_consumer, connection, wait_seconds)


async def _asked(ask: Any, partitions: Any, connection: Connection) -> dict[int, int]:
    try:
        found: dict[Any, int] = await ask(list(partitions))
    except (KafkaError, TimeoutError) as error:
        raise BrokerUnavailableError(connection.bootstrap, str(error)) from error
    return {int(partition.partition): offset for partition, offset in found.items()}


def _record(found: Any) -> Record:
    return Record(
        found.topic,
        found.partition,
        found.offset,
        found.timestamp,
        found.key,
        found.value,
        found.headers,
    )
