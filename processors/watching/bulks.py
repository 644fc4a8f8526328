"""The bulk cancellations of some partitions: read from ``open-flows``, and moved on by events.

What is read is the state that a restart of the lifecycle would restore, and what comes after it
is folded by the same function. An event that does not follow on what is known, since another one
was missed, makes its partition one to be read again.
"""

from collections.abc import Iterable

import structlog

from rescind.errors import NoTransitionError, UnreadableStateError
from rescind.events.journal import BulkForgotten, Entry
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import read_to_end
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from rescind.statemachine.evolve import evolve_bulk
from rescind.statemachine.records import BULK_KEY, read_open
from rescind.statemachine.runs import Bulk

__all__ = ["Bulks"]

_KEY = BULK_KEY.encode()

_log = structlog.get_logger(__name__)


class Bulks:
    """What is known of each partition that is looked after here."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, Bulk]] = {}
        self._behind: set[int] = set()

    def get(self, bulk_id: str) -> Bulk | None:
        """It as it was last heard of, if its partition is looked after here."""
        found = (known[bulk_id] for known in self._known.values() if bulk_id in known)
        return next(found, None)

    def all(self) -> list[Bulk]:
        """All of them."""
        return [bulk for known in self._known.values() for bulk in known.values()]

    def look_after(self, partitions: set[int]) -> set[int]:
        """These and no others from now on; those of them that have to be read."""
        self._known = {p: known for p, known in self._known.items() if p in partitions}
        self._behind &= partitions
        return (partitions - self._known.keys()) | self._behind

    async def read(self, connection: Connection, topics: TopicNames, partition: int) -> None:
        """Read what there is in a partition.

        Raises:
            BrokerError: Kafka does not answer.

        """
        # What is heard from here on may not be in it.
        self._behind.discard(partition)
        values: dict[bytes, Record] = {}
        async for records in read_to_end(connection, topics.open_flows, partition):
            values.update({r.key: r for r in records if r.key and r.key.startswith(_KEY)})
        self.knows(partition, values.values())

    def knows(self, partition: int, records: Iterable[Record]) -> None:
        """All that there is in a partition, by the last record of each."""
        found = [_read(record) for record in records if record.value is not None]
        self._known[partition] = {bulk.bulk_id: bulk for bulk in found if bulk is not None}

    def hear(self, partition: int, entry: Entry) -> bool:
        """Take in an event of a bulk cancellation; one that is known already changes nothing.

        Returns:
            Whether what is known is of now; otherwise the partition has to be read again.

        """
        known = self._known.get(partition)
        if known is None:
            self._behind.add(partition)
            return False
        before = known.get(entry.stream_id)
        version, last = entry.version or 0, 0 if before is None else before.version
        if version <= last:
            return partition not in self._behind
        try:
            if version > last + 1:
                raise NoTransitionError(entry.stream_id, f"version {last}", entry.event.type)
            after = evolve_bulk(before, entry)
        except NoTransitionError:
            self._behind.add(partition)
            return False
        if isinstance(entry.event, BulkForgotten):
            del known[entry.stream_id]
        else:
            known[entry.stream_id] = after
        return partition not in self._behind


def _read(record: Record) -> Bulk | None:
    try:
        found = read_open(record.value or b"")
    except UnreadableStateError as error:
        _log.error("a bulk cancellation is left to a newer release", why=str(error))
        return None
    return found if isinstance(found, Bulk) else None
