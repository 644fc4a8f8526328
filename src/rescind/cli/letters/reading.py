"""Dead letters by their place: PARTITION:OFFSET in their own topic."""

import heapq
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson

from rescind.cli.reading.snapshot import read_all
from rescind.cli.session import Session
from rescind.errors import OutOfRangeError, UnknownDeadLetterError
from rescind.kafka.reading.visits import Visit
from rescind.kafka.records import Record
from rescind.processors.lifecycle.dead_letters import DeadLetter, read_dead_letter

__all__ = ["Letter", "find_letter", "last_letters"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A record of the topic and what is said about it."""

    record: Record
    said: DeadLetter

    @property
    def place(self) -> str:
        """What a person names it by."""
        return f"{self.record.partition}:{self.record.offset}"

    @property
    def order(self) -> tuple[int, int, int]:
        """By time, and within a partition as it is."""
        return self.record.timestamp_ms, self.record.partition, self.record.offset

    @property
    def body(self) -> Any:
        """What it says, if that is JSON; else ``None``."""
        try:
            return orjson.loads(self.record.value or b"")
        except orjson.JSONDecodeError:
            return None


async def last_letters(
    session: Session, limit: int, codes: frozenset[str]
) -> tuple[list[Letter], int]:
    """Return the last ``limit`` of them (0: all) with one of these codes (none: any), by time.

    And how many there are of that kind. What somebody else has written into the topic is none.
    """
    kept: list[tuple[tuple[int, int, int], Letter]] = []
    count = 0
    async for letter in _letters(session):
        if codes and letter.said.code not in codes:
            continue
        count += 1
        heapq.heappush(kept, (letter.order, letter))
        if limit and len(kept) > limit:
            heapq.heappop(kept)
    return [letter for _, letter in sorted(kept, key=lambda pair: pair[0])], count


async def find_letter(session: Session, place: str) -> Letter:
    """Raises `UnknownDeadLetterError`."""
    partition, _, offset = place.partition(":")
    # Python reads digits of any script, and Kafka's offsets have at most 19.
    if not all(
        part.isascii() and part.isdecimal() and len(part) < 19 for part in (partition, offset)
    ):
        raise UnknownDeadLetterError(place)
    record = await _record_at(session, int(partition), int(offset))
    said = None if record is None else read_dead_letter(record)
    if record is None or said is None:
        raise UnknownDeadLetterError(place)
    return Letter(record, said)


async def _record_at(session: Session, partition: int, offset: int) -> Record | None:
    topic = session.names.dead_letters
    async with Visit(session.connection) as visit:
        end = (await visit.ends(topic)).get(partition, 0)
        if offset >= end:
            return None
        try:
            async for records in visit.read_to_end(topic, partition, offset):
                # A marker of a transaction has an offset and is no record.
                return records[0] if records[0].offset == offset else None
        except OutOfRangeError:
            return None
    return None


async def _letters(session: Session) -> AsyncIterator[Letter]:
    topic = session.names.dead_letters
    async with Visit(session.connection) as visit:
        first = await visit.starts(topic)
    async for records in read_all(session.connection, topic, first):
        for record in records:
            said = read_dead_letter(record)
            if said is not None:
                yield Letter(record, said)
