"""The yardstick of throughput: a loop of aiokafka's transactions that decides nothing.

It reads the same lane as the lifecycle did and writes as many records with as many bytes, in
transactions, with a pipeline for each partition, in one process. It has what makes aiokafka
quick (batches filled by hand, the short back-off between transactions), so the lifecycle is
compared with the best such loop and not with a slow one.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rescind.kafka.clients.internals import lower_transaction_backoff
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import read_to_end
from rescind.processors.lifecycle.position import POSITION_KEY, LanePosition, Position

__all__ = ["Shape", "Written", "run_raw_loop", "what_was_written"]

_BATCH_BYTES: Final = 512 << 10


@dataclass(frozen=True, slots=True)
class Shape:
    """What one topic gets for one request: so many records of about these bytes."""

    topic: str
    records: float
    value_bytes: float
    key: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written in all, to compare."""

    records: int
    value_bytes: int


async def what_was_written(
    connection: Connection, topics: list[str], begin: Mapping[str, int], requests: int
) -> list[Shape]:
    """What each topic's partition 0 got since `begin`, for each of so many requests."""
    shapes: list[Shape] = []
    for topic in topics:
        count = size = 0
        key, headers = b"", list[tuple[str, bytes]]()
        async for records in read_to_end(connection, topic, 0, begin[topic]):
            for record in records:
                if record.key == POSITION_KEY:
                    continue
                count += 1
                size += len(record.value or b"")
                key, headers = record.key or b"", list(record.headers)
        if count:
            shapes.append(Shape(topic, count / requests, size / requests, key, headers))
    return shapes


def run_raw_loop(
    connection: Connection,
    lane: str,
    begin: Mapping[int, int],
    end: Mapping[int, int],
    shapes: list[Shape],
    position_topic: str,
    requests_max: int,
    pipe: "Pipe[Any, Any]",
) -> None:
    """Run it in this process; sends a `Written` when it has come to the end.

    A transaction takes up to `requests_max` requests.
    """
    work = _run(connection, lane, begin, end, shapes, position_topic, requests_max)
    pipe.send(asyncio.run(work))


async def _run(
    connection: Connection,
    lane: str,
    begin: Mapping[int, int],
    end: Mapping[int, int],
    shapes: list[Shape],
    position_topic: str,
    requests_max: int,
) -> Written:
    lower_transaction_backoff()
    loops = [
        _Loop(connection, TopicPartition(lane, number), begin[number], end[number], requests_max)
        for number in begin
    ]
    for loop in loops:
        await loop.open()
    await asyncio.gather(*[loop.run(shapes, position_topic) for loop in loops])
    for loop in loops:
        await loop.close()
    return Written(sum(loop.records for loop in loops), sum(loop.value_bytes for loop in loops))


class _Loop:
    def __init__(
        self, connection: Connection, lane: TopicPartition, begin: int, end: int, requests_max: int
    ) -> None:
        self._lane, self._next, self._end = lane, begin, end
        self._requests_max = requests_max
        self._consumer = AIOKafkaConsumer(
            **connection.options(),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 << 20,
        )
        self._producer = AIOKafkaProducer(
            **connection.options(),
            transactional_id=f"raw-{lane.topic}-{lane.partition}",
            max_batch_size=_BATCH_BYTES,
            linger_ms=0,
        )
        self._sequence = 0
        self.records = 0
        self.value_bytes = 0

    async def open(self) -> None:
        await self._producer.start()
        await self._consumer.start()
        self._consumer.assign([self._lane])
        self._consumer.seek(self._lane, self._next)

    async def close(self) -> None:
        await self._consumer.stop()
        await self._producer.stop()

    async def run(self, shapes: list[Shape], position_topic: str) -> None:
        while self._next < self._end:
            found = await self._consumer.getmany(timeout_ms=1000, max_records=self._requests_max)
            read = found.get(self._lane, [])
            if not read:
                continue
            self._next = read[-1].offset + 1
            batches = _Batches(self._producer, self._lane.partition)
            for shape in shapes:
                self._fill(batches, shape, len(read))
            self._sequence += 1
            position = Position(start=LanePosition(self._next), sequence=self._sequence)
            batches.append(position_topic, POSITION_KEY, position.to_json(), [])
            await self._producer.begin_transaction()
            await batches.send()
            await self._producer.commit_transaction()

    def _fill(self, batches: "_Batches", shape: Shape, requests: int) -> None:
        if shape.records >= 0.5:
            many = round(shape.records * requests)
            value = b"." * round(shape.value_bytes / shape.records)
        else:
            # One record for the whole transaction, as an inbox has it.
            many, value = 1, b"." * round(shape.value_bytes * requests)
        for _ in range(many):
            batches.append(shape.topic, shape.key, value, shape.headers)
        self.records += many
        self.value_bytes += many * len(value)


class _Batches:
    def __init__(self, producer: AIOKafkaProducer, partition: int) -> None:
        self._producer, self._partition = producer, partition
        self._open: dict[str, Any] = {}
        self._all: list[tuple[str, Any]] = []
        self._now_ms = int(time.time() * 1000)

    def append(
        self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> None:
        builder = self._open.get(topic)
        if builder is not None:
            done = builder.append(timestamp=self._now_ms, key=key, value=value, headers=headers)
            if done is not None:
                return
        builder = self._open[topic] = self._producer.create_batch()
        builder.append(timestamp=self._now_ms, key=key, value=value, headers=headers)
        self._all.append((topic, builder))

    async def send(self) -> None:
        sent = [
            await self._producer.send_batch(builder, topic, partition=self._partition)
            for topic, builder in self._all
        ]
        await asyncio.gather(*sent)
