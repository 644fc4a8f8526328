"""The journal as commands read it: from a time on, or the last so many entries, and then on.

What cannot be read is handed on as the error that says why: one event of a newer release must
not hide the others, and must not be passed over in silence either.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from rescind.cli.reading.states import partition_of_stream
from rescind.cli.session import Session
from rescind.errors import JournalError
from rescind.events.journal import Entry
from rescind.events.states import FlowState
from rescind.events.words import StreamKind
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.snapshots import read_all
from rescind.kafka.reading.visits import Visit, ends, offsets_at
from rescind.kafka.records import Record

__all__ = [
    "Placed",
    "belongs_to",
    "entries_of",
    "follow_flow",
    "follow_journal",
    "last_entries",
    "read_stream",
]

# Records carry the clock of the worker that wrote them, and runs that of the broker.
_SKEW_MS: Final = 300_000

# A transaction is a few entries and one marker.
_OFFSETS_PER_ENTRY: Final = 3


class Placed:
    """One record of the journal: its entry, or why it is none."""

    __slots__ = ("entry", "error", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.error: JournalError | None = None
        self.entry: Entry | None = None
        try:
            self.entry = Entry.from_json(record.value or b"")
        except JournalError as error:
            self.error = error

    @property
    def order(self) -> tuple[int, int, int]:
        """By time, and within a partition as it is."""
        at_ms = self.record.timestamp_ms if self.entry is None else self.entry.at_ms
        return at_ms, self.record.partition, self.record.offset


async def follow_flow(session: Session, flow: FlowState) -> AsyncGenerator[list[Entry], None]:
    """Yield what the journal has of one flow run since it was registered, and what comes."""
    since = await _since(session, flow.flow_run_id, flow.registered_at)
    async with aclosing(follow_journal(session, since, flow.flow_run_id.encode())) as journal:
        async for placed in journal:
            entries = [one.entry for one in placed if one.entry is not None]
            if kept := [entry for entry in entries if belongs_to(entry, flow.flow_run_id)]:
                yield kept


async def read_stream(
    session: Session, stream_id: str, since_ms: int
) -> AsyncGenerator[list[Entry], None]:
    """Yield what the journal has under one key since then, up to its end as it is now."""
    since = await _since(session, stream_id, since_ms)
    async for records in read_all(session.connection, session.names.journal, since):
        placed = [Placed(record) for record in records if record.key == stream_id.encode()]
        yield [one.entry for one in placed if one.entry is not None]


def belongs_to(entry: Entry, flow_run_id: str) -> bool:
    return entry.stream_kind is StreamKind.FLOW and entry.stream_id == flow_run_id


async def entries_of(
    session: Session, flow_run_id: str, since_ms: int
) -> tuple[list[Placed], dict[int, int]]:
    """Return every entry of one flow run since then, in order, and where its partition ends now."""
    since = await _since(session, flow_run_id, since_ms)
    last = await ends(session.connection, session.names.journal)
    found = await _read(session, since, last, flow_run_id.encode())
    return found, {number: last[number] for number in since}


async def last_entries(session: Session, count: int) -> tuple[list[Placed], dict[int, int]]:
    """Return the last ``count`` entries of all partitions, by time, and where those end now."""
    topic = session.names.journal
    async with Visit(session.connection) as visit:
        first, last = await visit.starts(topic), await visit.ends(topic)
    offsets = count * _OFFSETS_PER_ENTRY
    while True:
        since = {number: max(first[number], last[number] - offsets) for number in last}
        found = await _read(session, since, last, None)
        have = Counter(placed.record.partition for placed in found)
        if all(have[number] >= count or since[number] == first[number] for number in last):
            found.sort(key=lambda placed: placed.order)
            return found[len(found) - min(count, len(found)) :], last
        # Some partition has more markers than entries there.
        offsets *= 4


async def _since(session: Session, flow_run_id: str, at_ms: int) -> dict[int, int]:
    topic = session.names.journal
    partition = await partition_of_stream(session, flow_run_id)
    first = await offsets_at(session.connection, topic, max(0, at_ms - _SKEW_MS))
    return {partition: first[partition]}


async def _read(
    session: Session, since: Mapping[int, int], upto: Mapping[int, int], key: bytes | None
) -> list[Placed]:
    """What lies in between; what has come since is for whoever goes on to follow from there."""
    found: list[Placed] = []
    async for records in read_all(session.connection, session.names.journal, since):
        known = [record for record in records if record.offset < upto[record.partition]]
        found += [Placed(record) for record in known if key in {None, record.key}]
    return found


async def follow_journal(
    session: Session, since: Mapping[int, int], key: bytes | None
) -> AsyncGenerator[list[Placed], None]:
    """Yield what comes to all partitions from there on, for ever."""
    async with TopicFollower(session.connection, session.names.journal, since) as follower:
        async for records in follower.follow():
            if kept := [Placed(record) for record in records if key in {None, record.key}]:
                yield kept
