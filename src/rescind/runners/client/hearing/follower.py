"""Follows one partition for as long as the runner lives, whatever happens to the broker.

Each has a connection of its own, so nothing of another partition delays it, and hands records on
in the very step in which it moves its position: whoever sees that the position has reached an
offset knows that everything before it has been taken in.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from rescind.errors import BrokerError, OutOfRangeError
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import PartitionReader
from rescind.kafka.records import Record

__all__ = ["Follower"]

_BACKOFF_SECONDS: Final = 0.5
# How often it is asked whether the reader stands still without an error.
_FETCH_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.0005
_LOOK_SECONDS_MAX: Final = 0.02

_log = structlog.get_logger(__name__)


class Follower:
    """Hands the records of a partition to `take`, from the offset `start` on.

    `take` is called in the event loop, must be quick and must not raise.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str,
        partition: int,
        start: int,
        take: Callable[[Record], None],
    ) -> None:
        self._connection = connection
        self._topic = topic
        self.partition = partition
        self._take = take
        self._position = start
        self._reader: PartitionReader | None = None
        self._task = asyncio.create_task(self._follow(), name=f"{topic}-{partition}")

    async def position(self) -> int:
        """The next offset to be read: past markers, which no record shows."""
        if self._reader is not None:
            self._position = await self._reader.position(self.partition)
        return self._position

    async def reach(self, end: int) -> None:
        """Wait until everything before this offset has been taken in."""
        look_seconds = _LOOK_SECONDS
        while await self.position() < end:
            # Nothing tells when the position passes a marker, so it is looked at.
            await asyncio.sleep(look_seconds)
            look_seconds = min(2 * look_seconds, _LOOK_SECONDS_MAX)

    async def close(self) -> None:
        """Read no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _follow(self) -> None:
        said = False
        while True:
            reader = PartitionReader(self._connection, self._topic, self.partition, self._position)
            try:
                async with reader:
                    self._reader, said = reader, False
                    await self._read(reader)
            except OutOfRangeError as error:
                # Away for longer than the inbox is kept. What was missed comes by reminders.
                _log.warning("a part of the inbox was missed", why=str(error))
                self._position = error.first
            except BrokerError as error:
                if not said:
                    _log.warning("the inbox cannot be read; trying again", why=str(error))
                said = True
            except Exception:  # noqa: BLE001 - what aiokafka raises has no common root
                _log.exception("the inbox cannot be read; trying again", topic=self._topic)
            finally:
                self._reader = None
            await asyncio.sleep(_BACKOFF_SECONDS)

    async def _read(self, reader: PartitionReader) -> None:
        while True:
            records = await reader.fetch(timeout_seconds=_FETCH_SECONDS)
            for record in records:
                self._take(record)
            self._position = await reader.position(self.partition)
