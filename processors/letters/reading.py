"""Dead letters by their place, ``PARTITION:OFFSET`` in their topic: one, the last ones, a page."""

import heapq
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from rescind.errors import OutOfRangeError, UnknownDeadLetterError
from rescind.kafka.connection import Connection
from rescind.kafka.reading.snapshots import read_all
from rescind.kafka.reading.visits import Visit
from rescind.kafka.records import Record
from rescind.processors.lifecycle.dead_letters import DeadLetter, read_dead_letter

__all__ = ["Letter", "find_letter", "last_letters", "page_of_letters"]


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
        """By time, of which each producer has its own."""
        return self.record.timestamp_ms, self.record.partition, self.record.offset

    @property
    def body(self) -> Any:
        """What it says, if that is JSON; else ``None``."""
        try:
            return orjson.loads(self.record.value or b"")
        except orjson.JSONDecodeError:
            return None


async def last_letters(
    connection: Connection, topic: str, limit: int, codes: frozenset[str]
) -> tuple[list[Letter], int]:
    """Return the last ``limit`` of them (0: all) with one of these codes (none: any), by time.

    And how many there are of that kind. What somebody else has written into the topic is none.
    """
    kept: list[tuple[tuple[int, int, int], Letter]] = []
    count = 0
    async for letter in _letters(connection, topic):
        if codes and letter.said.code not in codes:
            continue
        count += 1
        heapq.heappush(kept, (letter.order, letter))
        if limit and len(kept) > limit:
            heapq.heappop(kept)
    return [letter for _, letter in sorted(kept, key=lambda pair: pair[0])], count


async def page_of_letters(
    connection: Connection, topic: str, limit: int, before: Mapping[int, int] | None = None
) -> tuple[list[Letter], dict[int, int] | None]:
    """The latest so many that lie before these offsets, and where to go on; None: at the beginning.

    Without their values and headers, which may be large. ``before`` None: before the end. They are
    the latest as far as times are in the order of partitions, which nobody promises: so that none
    is left out or comes twice, each partition is taken from its end.
    """
    tails: dict[int, list[Letter]] = {}
    going_on: dict[int, int] = {}
    async with Visit(connection) as visit:
        first, last = await visit.starts(topic), await visit.ends(topic)
        for number, end in last.items():
            until = min((before or last).get(number, 0), end)
            tails[number] = await _before(visit, topic, number, (first[number], until), limit)
            # Where nothing was found there is nothing: it was looked for down to the beginning.
            going_on[number] = until if tails[number] else first[number]
    shown: list[Letter] = []
    while len(shown) < limit and any(tails.values()):
        number = max((tail[-1].order, number) for number, tail in tails.items() if tail)[1]
        letter = tails[number].pop()
        shown.append(letter)
        going_on[number] = letter.record.offset
    has_more = any(offset > first[number] for number, offset in going_on.items())
    return shown, going_on if has_more else None


async def _before(
    visit: Visit, topic: str, partition: int, span: tuple[int, int], limit: int
) -> list[Letter]:
    """The last so many in a part of a partition, in its order; fewer if it has no more."""
    first, end = span
    reach = limit
    while True:
        start = max(first, end - reach)
        found: deque[Letter] = deque(maxlen=limit)
        async for records in visit.read_to_end(topic, partition, start):
            inside = [record for record in records if record.offset < end]
            for record in inside:
                if (said := read_dead_letter(record)) is not None:
                    found.append(Letter(record._replace(value=None), replace(said, headers=())))
            if len(inside) < len(records):
                break
        # Markers of transactions, and what is none, take offsets as well.
        if len(found) >= limit or start == first:
            return list(found)
        reach *= 4


async def find_letter(connection: Connection, topic: str, place: str) -> Letter:
    """Raises `UnknownDeadLetterError`."""
    partition, _, offset = place.partition(":")
    # Python reads digits of any script, and Kafka's offsets have at most 19.
    if not all(
        part.isascii() and part.isdecimal() and len(part) < 19 for part in (partition, offset)
    ):
        raise UnknownDeadLetterError(place)
    record = await _record_at(connection, topic, int(partition), int(offset))
    said = None if record is None else read_dead_letter(record)
    if record is None or said is None:
        raise UnknownDeadLetterError(place)
    return Letter(record, said)


async def _record_at(
    connection: Connection, topic: str, partition: int, offset: int
) -> Record | None:
    async with Visit(connection) as visit:
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


async def _letters(connection: Connection, topic: str) -> AsyncIterator[Letter]:
    async with Visit(connection) as visit:
        first = await visit.starts(topic)
    async for records in read_all(connection, topic, first):
        for record in records:
            said = read_dead_letter(record)
            if said is not None:
                yield Letter(record, said)
