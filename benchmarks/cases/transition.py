"""One transition of a task run without I/O: decode, decide, evolve, encode, append.

The lifecycle's own code path, from the bytes of a request to the client's filled batches: its
journal record with headers, its public state and its open state. Only Kafka is left out.
"""

import gc
import statistics
import time
from collections.abc import Callable
from random import Random

from aiokafka import AIOKafkaProducer

from benchmarks.load.requests import Requests, some_id
from benchmarks.place import Place
from benchmarks.rows import Row
from rescind.events.requests import Lane
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.batches import fill_batches
from rescind.processors.lifecycle.lifecycle import Lifecycle, Read
from rescind.processors.lifecycle.lifecycle import Place as PartitionPlace
from rescind.processors.lifecycle.position import Position
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy

__all__ = ["run"]

TARGET_US = 25.0
FLOWS = 100
BATCH = 500
AT_MS = 1_790_000_000_000
# Of 20,000 requests a second, so many come to each of four partitions in one millisecond.
PER_MS = 5


class Lap:
    """One repeat: every request of a kind through a partition, in batches, timed by step."""

    def __init__(self, producer: AIOKafkaProducer, life: Lifecycle) -> None:
        self._producer, self._life = producer, life
        self.take = self.records = self.append = self.adopt = 0.0

    def run(self, requests: list[OutRecord], offset: int) -> float:
        """Microseconds for each of the requests."""
        lane: Lane = "stop" if requests[0].topic.endswith("stop-requests") else "start"
        reads = [
            Read(
                lane,
                Record(r.topic, 0, offset + n, AT_MS + offset + n // PER_MS, r.key, r.value, ()),
            )
            for n, r in enumerate(requests)
        ]
        for first in range(0, len(reads), BATCH):
            began = time.thread_time()
            batch = self._life.begin()
            for read in reads[first : first + BATCH]:
                batch.take(read)
            taken = time.thread_time()
            records = batch.records()
            encoded = time.thread_time()
            fill_batches(self._producer, records, 0, {})
            filled = time.thread_time()
            self._life.adopt(batch)
            self.take += taken - began
            self.records += encoded - taken
            self.append += filled - encoded
            self.adopt += time.thread_time() - filled
        return (self.take + self.records + self.append + self.adopt) / len(reads) * 1e6

    def by_step(self, count: int) -> str:
        """Where the time went, in µs a transition."""
        steps = {
            "decode, decide, evolve": self.take,
            "encode": self.records,
            "append": self.append,
            "adopt": self.adopt,
        }
        return ", ".join(f"{name} {took / count * 1e6:.1f}" for name, took in steps.items())


async def run(place: Place) -> list[Row]:
    """The rows of a start and of an end; the body's calls are as the worker makes them."""
    tasks = place.size(8_000, 4_000)
    found: dict[str, list[tuple[float, str]]] = {"start": [], "end": []}
    repeats = place.size(15, 5)
    # Only its batches are used; nothing is ever sent.
    producer = AIOKafkaProducer(transactional_id="never-started", max_batch_size=512 << 10)
    try:
        for _ in range(repeats):
            for what, lap in _laps(place, producer, tasks):
                found[what].append(lap())
    finally:
        await producer.stop()
    return [
        row
        for what, laps in found.items()
        for row in _rows(f"one {what} of a task run", sorted(laps), repeats, tasks)
    ]


def _rows(what: str, laps: list[tuple[float, str]], repeats: int, tasks: int) -> list[Row]:
    median = statistics.median(took for took, _ in laps)
    note = f"{repeats} repeats of {tasks:,}, min {laps[0][0]:.1f}, max {laps[-1][0]:.1f} µs"
    return [
        Row("transition", what, median, "µs", TARGET_US, note=f"{note}; of the min: {laps[0][1]}")
    ]


def _laps(
    place: Place, producer: AIOKafkaProducer, tasks: int
) -> list[tuple[str, Callable[[], tuple[float, str]]]]:
    requests = Requests(TopicNames(), 1, Random(place.seed))
    runner = some_id(requests.chance)
    flows = requests.flow_ids(FLOWS)
    work = [(flows[n % FLOWS], some_id(requests.chance)) for n in range(tasks)]
    life = Lifecycle(Partition(), Position(), Policy(), PartitionPlace(0, 1, TopicNames(), {}))
    setup = list(requests.register_runner(runner))
    for flow in flows:
        setup += requests.begin_flow(flow, runner)
    Lap(producer, life).run(setup, 0)
    Lap(producer, life).run([requests.register_tasks(f, runner, [t]) for f, t in work], 10_000)

    def lap(made: list[OutRecord], offset: int) -> tuple[float, str]:
        gc.collect()
        one = Lap(producer, life)
        return one.run(made, offset), one.by_step(len(made))

    starts = [requests.start_tasks(f, runner, [t]) for f, t in work]
    ends = [requests.finish_tasks(f, runner, [t]) for f, t in work]
    return [("start", lambda: lap(starts, 100_000)), ("end", lambda: lap(ends, 200_000))]
