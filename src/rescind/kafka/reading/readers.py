"""Committed records of topics as they come, read without a consumer group.

Everyone here reads ``read_committed``: for as long as it lasts, each on a connection of its own.
For what ends soon there are `visits`.
"""

import time
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from rescind.errors import BrokerUnavailableError, OutOfRangeError, StalledError
from rescind.kafka.clients.internals import discard_consumer
from rescind.kafka.connection import Connection
from rescind.kafka.reading.consumers import asked, started_consumer
from rescind.kafka.records import Record

__all__ = ["PartitionReader", "TopicFollower"]

_WAIT_SECONDS: Final = 30.0
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
        self.use(
            await started_consumer(self._connection, self._wait_seconds, self._fetch_bytes_max)
        )
        return self

    def use(self, consumer: AIOKafkaConsumer) -> None:
        """Read by this one, which whoever started it discards, instead of entering."""
        self._consumer = consumer
        consumer.assign(list(self._start))
        for partition, offset in self._start.items():
            consumer.seek(partition, offset)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def end_seen(self, partition: int) -> int | None:
        """Where a partition ended when it was fetched from last; None: it was not yet."""
        if self._consumer is None:
            return None
        end: int | None = self._consumer.highwater(TopicPartition(self.topic, partition))
        return end

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
        return await asked(self._open().end_offsets, self._start, self._connection)

    def _open(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "not entered"
        return self._consumer

    async def _out_of_range(self, error: OffsetOutOfRangeError) -> OutOfRangeError:
        (partition, wanted), *_ = error.args[0].items()
        firsts = await asked(self._open().beginning_offsets, [partition], self._connection)
        lasts = await asked(self._open().end_offsets, [partition], self._connection)
        number = int(partition.partition)
        return OutOfRangeError(self.topic, number, int(wanted), firsts[number], lasts[number])


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
