"""How far the lifecycle has got, seen from outside: the position that each transaction writes.

One small record a transaction, so looking costs next to nothing; and its time is the worker's
own, from when it filled the batch, so nothing of ours is measured with it.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from rescind.events.requests import Lane
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import starts
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.position import POSITION_KEY, Position

__all__ = ["Mark", "Progress", "rate"]


class Mark(NamedTuple):
    """One transaction: when its records were made, and what is to be read next after it.

    `producer` is another one whenever a worker takes the partition over.
    """

    at_ms: int
    start: int
    stop: int
    producer: str

    def of(self, lane: Lane) -> int:
        return self.start if lane == "start" else self.stop


class Progress:
    """An async context manager; within it, `marks` grow by partition.

    `check` is called each second while something is waited for; it raises when that is in vain.
    """

    def __init__(self, connection: Connection, names: TopicNames) -> None:
        self.marks: dict[int, list[Mark]] = defaultdict(list)
        self.check: Callable[[], object] = lambda: None
        self._connection = connection
        self._topic = names.open_flows
        self._news = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        begin = await starts(self._connection, self._topic)
        self._following = asyncio.create_task(self._follow(begin))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])

    def next(self, lane: Lane) -> dict[int, int]:
        """What is to be read next in each partition, by the last transaction that was seen."""
        return {partition: marks[-1].of(lane) for partition, marks in self.marks.items()}

    def producers(self) -> dict[int, str]:
        """By whom each partition was written last."""
        return {partition: marks[-1].producer for partition, marks in self.marks.items()}

    async def until(self, lane: Lane, ends: Mapping[int, int], seconds: float = 120) -> None:
        """Wait until everything before these offsets has been decided.

        Raises:
            TimeoutError: it was not, for so long.

        """
        async with asyncio.timeout(seconds):
            while any(self._next(partition, lane) < end for partition, end in ends.items()):
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 1)
                self.check()

    def _next(self, partition: int, lane: Lane) -> int:
        marks = self.marks.get(partition)
        return marks[-1].of(lane) if marks else 0

    async def _follow(self, begin: Mapping[int, int]) -> None:
        async with TopicFollower(self._connection, self._topic, begin) as follower:
            async for records in follower.follow():
                for record in records:
                    if record.key == POSITION_KEY and record.value is not None:
                        known = Position.from_json(record.value)
                        begun, ended = known.start.next, known.stop.next
                        mark = Mark(record.timestamp_ms, begun, ended, known.producer)
                        self.marks[record.partition].append(mark)
                self._news.set()


def rate(progress: Progress, lane: Lane, begin: Mapping[int, int], end: Mapping[int, int]) -> float:
    """Requests a second, of those between two offsets of each partition.

    From the first transaction of each partition on, without what that one had read: it may
    have waited for something else.
    """
    requests = 0
    first_ms, last_ms = float("inf"), 0.0
    for partition, marks in progress.marks.items():
        within = [m for m in marks if begin[partition] < m.of(lane) <= end[partition]]
        if len(within) > 1:
            requests += within[-1].of(lane) - within[0].of(lane)
            first_ms = min(first_ms, within[0].at_ms)
            last_ms = max(last_ms, within[-1].at_ms)
    return requests / (last_ms - first_ms) * 1000 if last_ms > first_ms else 0.0
