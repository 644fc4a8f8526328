"""What a partition takes in next: the stop lane first, a share kept for the start lane.

What stops or ends work goes before what starts work. A quarter of each batch is kept for the
start lane while it has any, so that a flood of reports cannot starve it either. Each lane is
fetched by itself, on a connection of its own: what the start lane has heaped up never delays
what the stop lane brings.
"""

import asyncio
from collections import deque
from collections.abc import Iterator

from rescind.events.requests import Lane
from rescind.kafka.connection import Connection
from rescind.kafka.readers import PartitionReader
from rescind.kafka.records import Record
from rescind.processors.lifecycle import Read

__all__ = ["ITEMS_MAX", "Intake"]

ITEMS_MAX = 2_000
"""Records in one batch at most, and of each lane in memory."""
START_SHARE = 4
FETCH_SECONDS = 5.0


class _Lane:
    """One lane of one partition, fetched ahead of what is decided, within a bound."""

    def __init__(self, lane: Lane, news: asyncio.Event) -> None:
        self.lane = lane
        self.waiting: deque[Record] = deque()
        self._news = news
        self._room = asyncio.Event()

    async def pump(self, reader: PartitionReader) -> None:
        """Fetch for ever.

        Raises:
            OutOfRangeError: retention took what was to be read next.
            BrokerError: Kafka cannot be used.

        """
        while True:
            records = await reader.fetch(max_records=ITEMS_MAX, timeout_seconds=FETCH_SECONDS)
            if records:
                self.waiting.extend(records)
                self._news.set()
            while len(self.waiting) >= ITEMS_MAX:
                self._room.clear()
                await self._room.wait()

    def take(self) -> Record:
        """The next record."""
        self._room.set()
        return self.waiting.popleft()


class Intake:
    """Both lanes of one partition, from a position on. Open it with ``async with``."""

    def __init__(
        self, connection: Connection, topics: dict[Lane, str], partition: int, at: dict[Lane, int]
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._partition = partition
        self._at = at
        self._news = asyncio.Event()
        self._lanes = {lane: _Lane(lane, self._news) for lane in topics}
        self._pumps: list[asyncio.Task[None]] = []
        self._readers: list[PartitionReader] = []

    async def open(self) -> None:
        """Begin to fetch.

        Raises:
            BrokerUnavailableError: nothing answers.

        """
        for lane, state in self._lanes.items():
            reader = PartitionReader(
                self._connection, self._topics[lane], self._partition, self._at[lane]
            )
            await reader.__aenter__()
            self._readers.append(reader)
            self._pumps.append(
                asyncio.create_task(
                    state.pump(reader), name=f"{self._topics[lane]}-{self._partition}"
                )
            )

    async def close(self) -> None:
        """Stop fetching; what was fetched and not decided will be read again."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for reader in self._readers:
            await reader.close()
        self._pumps, self._readers = [], []

    async def wait(self, seconds: float) -> None:
        """Until there is something to decide, or so long.

        Raises:
            OutOfRangeError, BrokerError: what ended one of the lanes' fetching.

        """
        if not len(self):
            self._news.clear()
            woken = asyncio.ensure_future(self._news.wait())
            try:
                await asyncio.wait(
                    {woken, *self._pumps},
                    timeout=seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                woken.cancel()
        for pump in self._pumps:
            if pump.done():
                pump.result()

    def __len__(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def next(self) -> Iterator[Read]:
        """The records of the next batch, in the order in which they are to be decided.

        What is not asked for stays: the caller stops when the batch has had its time.
        """
        stop, start = self._lanes["stop"], self._lanes["start"]
        kept_for_start = min(len(start.waiting), ITEMS_MAX // START_SHARE)
        stops = min(len(stop.waiting), ITEMS_MAX - kept_for_start)
        for _ in range(stops):
            yield Read("stop", stop.take())
        for _ in range(min(len(start.waiting), ITEMS_MAX - stops)):
            yield Read("start", start.take())
