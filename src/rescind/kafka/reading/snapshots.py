"""The last record of each key of a compacted topic, as it is now: what `ls` and `show` look at.

Read from the beginning at each call. That is right for a person who looks now and then; whoever
asks all the time follows the topic instead.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final

from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import Visit
from rescind.kafka.records import Record

__all__ = ["latest", "read_all"]

_FETCH_BYTES_MAX: Final = 16 << 20


async def read_all(
    connection: Connection, topic: str, since: Mapping[int, int]
) -> AsyncIterator[list[Record]]:
    """Yield what partitions of a topic hold from an offset of each to their ends as of now."""
    follower = TopicFollower(connection, topic, since, fetch_bytes_max=_FETCH_BYTES_MAX)
    async with follower:
        last = await follower.ends()
        # A marker of a transaction is no record: only the position shows that it was passed.
        while any([await follower.position(number) < last[number] for number in since]):
            records = await follower.fetch(max_records=10_000, timeout_seconds=0.02)
            if kept := [record for record in records if record.offset < last[record.partition]]:
                yield kept


def _every(_key: bytes) -> bool:
    return True


async def latest(
    visit: Visit, topic: str, partitions: Iterable[int], keep: Callable[[bytes], bool] = _every
) -> dict[bytes, bytes]:
    """Return the value of each key of these partitions that has one, if it is one to ``keep``."""
    found: dict[bytes, bytes] = {}
    for partition in partitions:
        async for records in visit.read_to_end(topic, partition):
            for record in records:
                if record.key is None or not keep(record.key):
                    continue
                if record.value is None:  # A tombstone.
                    found.pop(record.key, None)
                else:
                    found[record.key] = record.value
    return found
