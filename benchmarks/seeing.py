"""When something became readable: committed records of a topic, with the moment of reading."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson

from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import PartitionReader
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import Record

__all__ = ["Seen", "flows_cancelled", "flows_told", "runners_told", "watching"]


class Seen:
    """The moments (monotonic clock, seconds) at which ids were first read."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._news = asyncio.Event()

    def note(self, ids: Iterable[str], now: float) -> None:
        for each in ids:
            self.at.setdefault(each, now)
        self._news.set()

    async def all_of(self, ids: Collection[str], seconds: float) -> None:
        """Wait until all of them were seen, at most so long: what is missing then stays out."""
        with contextlib.suppress(TimeoutError):
            await self.last_of(ids, seconds)

    async def last_of(self, ids: Collection[str], seconds: float) -> float:
        """Wait until all of them were seen; when the last one was.

        Raises:
            TimeoutError: they were not, for so long.

        """
        missing = set(ids)
        async with asyncio.timeout(seconds):
            while missing := {each for each in missing if each not in self.at}:
                self._news.clear()
                await self._news.wait()
        return max(self.at[each] for each in ids)


def flows_told(record: Record) -> list[str]:
    """The flow runs that an inbox record tells its runner to stop."""
    if b"cancel_flow" not in (record.value or b""):
        return []
    body: dict[str, Any] = orjson.loads(record.value or b"{}")
    return [intent["flow_run_id"] for intent in body.get("cancel_flow", ())]


def runners_told(record: Record) -> list[str]:
    """The runner that an inbox record tells to stop something."""
    return [(record.key or b"").decode()] if b'"cancel_flow"' in (record.value or b"") else []


def flows_cancelled(record: Record) -> list[str]:
    """The flow run whose end as cancelled this record is."""
    if b'"flow.cancelled.v1"' not in (record.value or b""):
        return []
    return [(record.key or b"").decode()]


@asynccontextmanager
async def watching(
    connection: Connection, topic: str, ids_in: Callable[[Record], list[str]]
) -> AsyncIterator[Seen]:
    """Read every partition of a topic, each on a connection of its own, from its end on."""
    seen = Seen()
    readers = [
        PartitionReader(connection, topic, partition, end)
        for partition, end in (await ends(connection, topic)).items()
    ]
    tasks: list[asyncio.Task[None]] = []
    try:
        for reader in readers:
            await reader.__aenter__()
            tasks.append(asyncio.create_task(_watch(reader, ids_in, seen)))
        # Or what this process has made so far is looked through for garbage while it should be
        # reading: stops of up to 209 ms were seen, which are nobody's latency.
        gc.freeze()
        yield seen
    finally:
        gc.unfreeze()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for reader in readers:
            await reader.close()


async def _watch(
    reader: PartitionReader, ids_in: Callable[[Record], list[str]], seen: Seen
) -> None:
    async for records in reader.follow():
        now = time.monotonic()
        for record in records:
            seen.note(ids_in(record), now)
