"""What a partition takes in next: the stop lane first, a share kept for the start lane.

What stops or ends work goes before what starts work, also before the rest of a batch that has
begun with starts, and in a batch with something of it starts have no more than a quarter. They
keep that quarter while they have any, so that a flood of reports cannot starve them. Each lane
is fetched by itself, on a connection of its own: what the start lane has heaped up never delays
what the stop lane brings.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sized

from rescind.events.requests import Lane
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import PartitionReader
from rescind.kafka.records import Record
from rescind.processors.lifecycle.lifecycle import Read

__all__ = ["RECORDS_MAX", "WAITING_BYTES_MAX", "Intake", "turns"]

RECORDS_MAX = 2_000
"""Records of each lane in memory, about: a fetch more may be added to fewer."""
WAITING_BYTES_MAX = 8 << 20
"""The same in bytes: a stranger may fill a lane with records of a megabyte."""
START_SHARE = 4
FETCH_SECONDS = 5.0


def turns(
    stop: Sized, start: Sized, spent: Callable[[], float], wanted: Callable[[], bool]
) -> Iterator[Lane]:
    """Which lane is to be taken from, again and again, until the batch is full.

    Args:
        stop: what waits in that lane; whoever asks takes one record each time.
        start: the same for the other lane.
        spent: how much of the batch is used up, by whatever bounds it: from 1 on it is full.
        wanted: whether another partition has something of its stop lane and waits for its turn.

    """
    share = 1 / START_SHARE
    is_awaited = False
    while len(stop) and (spent() < 1 - share or not len(start)):
        if spent() >= 1:
            return
        is_awaited = True
        yield "stop"
    began = spent()
    while len(start) and spent() < 1:
        if spent() - began >= share and (is_awaited or len(stop) or wanted()):
            # A stop that is in it, has come meanwhile, or waits elsewhere: the batch ends with
            # its share of starts, and is committed so much earlier.
            break
        yield "start"
    while len(stop) and spent() < 1:
        yield "stop"


class _Lane:
    """One lane of one partition, fetched ahead of what is decided, within a bound."""

    def __init__(self, news: asyncio.Event) -> None:
        self.waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._news = news
        self._room = asyncio.Event()

    async def pump(self, reader: PartitionReader) -> None:
        """Fetch for ever.

        Raises:
            OutOfRangeError: retention took what was to be read next.
            BrokerError: Kafka cannot be used.

        """
        while True:
            records = await reader.fetch(max_records=RECORDS_MAX, timeout_seconds=FETCH_SECONDS)
            if records:
                self.waiting.extend(records)
                self._waiting_bytes += sum(record.size_bytes for record in records)
                self._news.set()
            while len(self.waiting) >= RECORDS_MAX or self._waiting_bytes >= WAITING_BYTES_MAX:
                self._room.clear()
                await self._room.wait()

    def take(self) -> Record:
        """The next record."""
        record = self.waiting.popleft()
        self._waiting_bytes -= record.size_bytes
        self._room.set()
        return record


class Intake:
    """Both lanes of one partition, from a position on: `open` it, and `close` it."""

    def __init__(
        self, connection: Connection, topics: dict[Lane, str], partition: int, at: dict[Lane, int]
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._partition = partition
        self._at = at
        self._news = asyncio.Event()
        self._lanes: dict[Lane, _Lane] = {lane: _Lane(self._news) for lane in topics}
        self._pumps: list[asyncio.Task[None]] = []
        self._readers: dict[Lane, PartitionReader] = {}

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
            self._readers[lane] = reader
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
        for reader in self._readers.values():
            await reader.close()
        self._pumps, self._readers = [], {}

    def ends_seen(self) -> dict[Lane, int]:
        """Where each lane ended when it was looked at last; not those that never were."""
        seen: dict[Lane, int | None] = {
            lane: reader.end_seen(self._partition) for lane, reader in self._readers.items()
        }
        return {lane: end for lane, end in seen.items() if end is not None}

    async def wait(self, seconds: float) -> None:
        """Until there is something to decide, `nudge` is called, or so long."""
        if len(self):
            return
        self._news.clear()
        woken = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait(
                {woken, *self._pumps}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            woken.cancel()

    def nudge(self) -> None:
        """Let whoever waits go on."""
        self._news.set()

    def check(self) -> None:
        """Also while there is enough to do: one lane must not go on alone.

        Raises:
            OutOfRangeError, BrokerError: what ended the fetching of one of them.

        """
        for pump in self._pumps:
            if pump.done():
                pump.result()

    def __len__(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    @property
    def is_urgent(self) -> bool:
        """Whether something of the stop lane waits."""
        return bool(self._lanes["stop"].waiting)

    def next(self, spent: Callable[[], float], wanted: Callable[[], bool]) -> Iterator[Read]:
        """The records of the next batch, in the order in which they are to be decided.

        What is not asked for stays, as it does once `spent` says that the batch is full. `wanted`
        says whether another partition waits for this one with something that stops work.
        """
        stop, start = (self._lanes[lane].waiting for lane in ("stop", "start"))
        for lane in turns(stop, start, spent, wanted):
            yield Read(lane, self._lanes[lane].take())
