"""`Asker`: sends requests to the stop lane and hears in the journal what came of each.

The journal is followed from its end *before* the first request is sent, so no answer is missed.
An answer is found by its `request_id`, which is new for each request: asking again after a
time-out could otherwise find the answer to the first.
"""

import asyncio
import getpass
import os
import secrets
import socket
from types import TracebackType
from typing import Final, Self

from rescind.cli.asking.answers import is_answer
from rescind.cli.reading.journal import Placed
from rescind.cli.session import Session
from rescind.errors import BrokerUnavailableError, NoAnswerError
from rescind.events.journal import Entry
from rescind.events.requests import AnyRequest, write_request
from rescind.events.signature import SIGNATURE_HEADER, sign
from rescind.events.words import Actor, clipped
from rescind.kafka.partitions import partition_of
from rescind.kafka.readers import TopicFollower, ends
from rescind.kafka.records import Headers, OutRecord
from rescind.kafka.sender import Sender
from rescind.processors.shared.keys import signing_keys
from rescind.settings import Settings

__all__ = ["Asker", "new_request_id", "this_user"]

_START_SECONDS: Final = 10.0
_SEND_SECONDS: Final = 10.0


def new_request_id() -> str:
    return f"cli-{secrets.token_hex(12)}"


def this_user() -> Actor:
    """Who sits here, as far as the machine knows: ``ann@host``."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no line in any password file.
        name = f"uid-{os.getuid()}"
    return Actor(kind="user", id=clipped(f"{name}@{socket.gethostname()}", 256))


class Asker:
    """An async context manager. Requests go to the partition of their stream."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sender = Sender(session.connection)
        self._journal: TopicFollower | None = None
        self._partitions = 0
        self._heard: list[Entry] = []

    async def __aenter__(self) -> Self:
        session = self._session
        first = await ends(session.connection, session.names.journal)
        self._partitions = len(first)
        self._journal = TopicFollower(session.connection, session.names.journal, first)
        await self._journal.__aenter__()
        try:
            await self._sender.start(wait_seconds=_START_SECONDS)
        except BaseException:
            await self._journal.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._sender.close()
        assert self._journal is not None
        await self._journal.close()

    async def ask(self, request: AnyRequest, *, within_seconds: float) -> Entry:
        """Send a request and return the event or refusal that answers it.

        Raises `NoAnswerError` if there is none in time; the request stays in Kafka. Raises
        `BrokerUnavailableError` if Kafka does not say that it has it; it may have it all the same.
        """
        assert request.request_id is not None, "an answer is found by it"
        value = write_request(request)
        record = OutRecord(
            self._session.names.stop_requests,
            request.stream_id.encode(),
            value,
            _signature(self._session.settings, value),
            partition_of(request.stream_id, self._partitions),
        )
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._sender.send(record)
        except TimeoutError:
            raise self._not_taken() from None
        try:
            async with asyncio.timeout(within_seconds):
                return await self._answer_to(request.request_id)
        except TimeoutError:
            raise NoAnswerError(request.request_id, within_seconds) from None

    async def next_entries(self) -> list[Entry]:
        """Return what the journal has had since the first request and nobody has taken."""
        if not self._heard:
            await self._hear()
        heard, self._heard = self._heard, []
        return heard

    def _not_taken(self) -> BrokerUnavailableError:
        return BrokerUnavailableError(
            self._session.connection.bootstrap,
            f"the request was not taken within {_SEND_SECONDS:g} s",
            "it may arrive all the same; asking again is harmless",
        )

    async def _answer_to(self, request_id: str) -> Entry:
        while True:
            for entry in await self._hear():
                if entry.request_id == request_id and is_answer(entry):
                    return entry

    async def _hear(self) -> list[Entry]:
        assert self._journal is not None, "not entered"
        records = await self._journal.fetch(timeout_seconds=0.5)
        # What a newer release has written is no answer to a request of this one.
        entries = [placed.entry for placed in map(Placed, records) if placed.entry is not None]
        self._heard += entries
        return entries


def _signature(settings: Settings, value: bytes) -> Headers:
    """The service's signature where its key is at hand, as it is for whoever ran `rescind up`."""
    if not (settings.is_embedded or settings.signing_keys):
        return ()
    try:
        key_id, key = next(iter(signing_keys(settings).items()))
    except OSError:
        # Another user's folder: the request goes unsigned, as a stranger's would.
        return ()
    return ((SIGNATURE_HEADER, sign(value, key_id, key)),)
