"""`Letters`: dead letters as the topic has them, and one asked once more.

They are read from Kafka itself: the read model has the refusals, and neither the bytes nor what a
hook has not taken.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from rescind.errors import UnknownDeadLetterError
from rescind.events.journal import Entry, RequestRefused
from rescind.kafka.connection import Connection, connect
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import Sent
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.letters.asking import answer_to, send_again, why_not
from rescind.processors.letters.reading import Letter, find_letter, page_of_letters
from rescind.server.api.letters.words import RetryAnswer
from rescind.server.api.live.positions import read_positions, write_positions
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["LETTERS_MAX", "Letters", "Page"]

LETTERS_MAX: Final = 100
"""Of a page. Each may be a MiB, which has to be read to see what is said of it."""

_ANSWER_SECONDS: Final = 2.0
_SEND_SECONDS: Final = 5.0
_SEAT_SECONDS: Final = 5.0


class Page(NamedTuple):
    """Some of them, the latest first, and the cursor of what comes next."""

    letters: list[Letter]
    cursor: str | None


class Letters:
    """Of one server. Everything raises `ProblemError` if Kafka is away, or too many look."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def page(self, limit: int, cursor: str | None) -> Page:
        """Without their values. Raises `ProblemError` for a cursor that is none."""
        connection, names = self._way()
        async with self._seat():
            before = await self._before(connection, names, cursor)
            found, going_on = await page_of_letters(
                connection, names.dead_letters, min(limit, LETTERS_MAX), before
            )
        return Page(found, None if going_on is None else write_positions(going_on))

    async def one(self, place: str) -> Letter:
        """Raises `ProblemError` if there is none."""
        connection, names = self._way()
        async with self._seat():
            try:
                return await find_letter(connection, names.dead_letters, place)
            except UnknownDeadLetterError:
                detail = f"expected the place of a dead letter, but there is none at {place!r}"
                remedy = "The list has the places of all; each is kept for 30 days."
                raise ProblemError(Kind.UNKNOWN_LETTER, detail, remedy=remedy) from None

    def why_not(self, letter: Letter) -> str:
        """Why it cannot be asked again from here; empty if it can."""
        if letter.said.topic == self._means.names.start_requests:
            # Nor has it the right to, by `rescind topics acls`.
            return "a server asks for nothing that starts work: `rescind dead-letters retry` does"
        return why_not(letter, self._means.names)

    async def retry(self, place: str) -> RetryAnswer:
        """Raises `ProblemError` if it cannot be asked again, or Kafka does not take it."""
        letter = await self.one(place)
        if why := self.why_not(letter):
            raise ProblemError(Kind.REFUSED, f"expected one that can be asked again, but {why}")
        connection, names = self._way()
        first = await ends(connection, names.journal)
        async with TopicFollower(connection, names.journal, first) as journal:
            sent = await _send(letter, connection)
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return _answer(await answer_to(sent, letter, names, journal))
            except TimeoutError:
                message = "It is asked once more; the service has not answered yet."
                return RetryAnswer(outcome="accepted", message=message)

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        seats = self._means.letter_seats
        try:
            await asyncio.wait_for(seats.acquire(), _SEAT_SECONDS)
        except TimeoutError:
            raise ProblemError(Kind.TOO_MANY, "others look at dead letters already") from None
        try:
            yield
        finally:
            seats.release()

    def _way(self) -> tuple[Connection, TopicNames]:
        means = self._means
        if means.no_kafka:
            raise ProblemError(Kind.KAFKA_AWAY, means.no_kafka)
        return connect(means.settings), means.names

    async def _before(
        self, connection: Connection, names: TopicNames, cursor: str | None
    ) -> Mapping[int, int] | None:
        if cursor is None:
            return None
        last = await ends(connection, names.dead_letters)
        try:
            return read_positions(cursor, len(last))
        except ProblemError:
            detail = "expected the cursor that the page before ended with; begin without one"
            raise ProblemError(Kind.CURSOR, detail) from None


async def _send(letter: Letter, connection: Connection) -> Sent:
    sender = Sender(connection)
    await sender.start(wait_seconds=_SEND_SECONDS)
    try:
        async with asyncio.timeout(_SEND_SECONDS):
            return await send_again(letter, sender)
    except TimeoutError:
        detail = f"it has not said within {_SEND_SECONDS:g} s that it has it; it may all the same"
        raise ProblemError(Kind.KAFKA_AWAY, detail) from None
    finally:
        await sender.close(wait_seconds=0)


def _answer(entries: tuple[Entry, ...]) -> RetryAnswer:
    refused = [one.event for one in entries if isinstance(one.event, RequestRefused)]
    events = tuple(entry.event.type for entry in entries)
    if not refused:
        return RetryAnswer(outcome="done", message="It had its effect now.", events=events)
    return RetryAnswer(
        outcome="refused",
        message=f"It is refused again: {refused[0].message}",
        events=events,
        codes=tuple(dict.fromkeys(one.code.value for one in refused)),
    )
