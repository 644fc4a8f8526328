"""The journal under test, followed all the time: every entry, and what came of a request."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from rescind.events.journal import Entry, RequestRefused
from rescind.events.requests import Lane
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import ends, starts
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from tests.waiting import until

__all__ = ["Asked", "Journal", "code_of", "types_of"]


class Asked(NamedTuple):
    """Where a request lies."""

    lane: Lane
    partition: int
    offset: int
    at_ms: int


class Journal:
    """Every entry of all partitions, as they are committed."""

    def __init__(self, connection: Connection, names: TopicNames) -> None:
        self.records: list[Record] = []
        self.entries: list[Entry] = []
        self._by_source: dict[tuple[str, int, int], list[Entry]] = {}
        self._by_stream: dict[str, list[Entry]] = {}
        self._read: dict[tuple[int, int], Entry] = {}
        self._connection = connection
        self._topic = names.journal
        self._following: asyncio.Task[None] | None = None
        self._follower: TopicFollower | None = None
        self._grew = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._following is not None
        self._following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._following

    async def _follow(self) -> None:
        first = await starts(self._connection, self._topic)
        async with TopicFollower(self._connection, self._topic, first) as follower:
            self._follower = follower
            async for records in follower.follow():
                for record in records:
                    self._take(record)
                self._grew.set()

    def entry_of(self, record: Record) -> Entry:
        """The entry of a record of the journal: reading one costs much, so it is done once."""
        place = (record.partition, record.offset)
        if place not in self._read:
            self._read[place] = Entry.from_json(record.value or b"")
        return self._read[place]

    def _take(self, record: Record) -> None:
        entry = self.entry_of(record)
        self.records.append(record)
        self.entries.append(entry)
        self._by_stream.setdefault(entry.stream_id, []).append(entry)
        source = entry.source
        if source is not None:
            place = (source.lane, source.partition, source.offset)
            self._by_source.setdefault(place, []).append(entry)

    def of(self, asked: Asked) -> list[Entry]:
        """What has come of a request so far."""
        return self._by_source.get((asked.lane, asked.partition, asked.offset), [])

    def in_partition(self, partition: int) -> list[Entry]:
        """The entries of one partition, in their order."""
        pairs = zip(self.records, self.entries, strict=True)
        return [entry for record, entry in pairs if record.partition == partition]

    def about(self, stream_id: str) -> list[Entry]:
        """The entries of one stream, in their order."""
        return list(self._by_stream.get(stream_id, ()))

    async def until(self, condition: Callable[[], bool], *, within_seconds: float = 60) -> None:
        """Wait until the journal is as wanted."""
        try:
            async with asyncio.timeout(within_seconds):
                while not condition():
                    assert self._following is not None
                    if self._following.done():
                        self._following.result()
                    self._grew.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.5):
                            await self._grew.wait()
        except TimeoutError:
            last = [(entry.stream_id, entry.event) for entry in self.entries[-5:]]
            raise AssertionError(
                f"{condition} did not come true in {within_seconds} s; the journal's last: {last}"
            ) from None

    async def catches_up(self) -> None:
        """Wait until all that is committed by now is here: somebody else may have read it."""
        last = await ends(self._connection, self._topic)

        async def is_here() -> bool:
            follower = self._follower
            return follower is not None and all(
                [await follower.position(partition) >= end for partition, end in last.items()]
            )

        await until(is_here, within_seconds=60)

    async def grows(self, *, by: int = 1) -> None:
        """Wait until so many more entries are there."""
        enough = len(self.entries) + by
        await self.until(lambda: len(self.entries) >= enough)

    async def outcome_of(self, asked: Asked, *, within_seconds: float = 60) -> list[Entry]:
        """The whole outcome of a request, once it is there."""

        def is_whole() -> bool:
            found = self.of(asked)
            return bool(found) and found[0].source is not None and len(found) >= found[0].source.of

        await self.until(is_whole, within_seconds=within_seconds)
        return self.of(asked)


def code_of(outcome: Sequence[Entry]) -> str:
    """The code by which a request was refused as a whole."""
    (entry,) = outcome
    assert isinstance(entry.event, RequestRefused), entry
    return entry.event.code.value


def types_of(entries: Sequence[Entry]) -> list[str]:
    """What happened, by the names of the events without their versions."""
    return [entry.event.type.rpartition(".v")[0] for entry in entries]
