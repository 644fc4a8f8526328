"""`Line`: sends requests to the stop lane and hears in the journal what came of each.

The journal is followed from its end *before* the first request is sent, so no answer is missed.
An answer is found by its `request_id`, which has to be new: asking again under the same one could
find the answer to the first. Many may ask at once; the journal is read once for all of them, and of
it only what is about a stream that somebody has asked about.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import structlog

from rescind.asking.outcomes import is_answer
from rescind.errors import BrokerUnavailableError, JournalError, NoAnswerError
from rescind.events.journal import Entry
from rescind.events.requests import AnyRequest, write_request
from rescind.events.signature import SIGNATURE_HEADER, sign
from rescind.kafka.connection import Connection
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.tracing.messaging import sending

__all__ = ["Line", "new_request_id"]

_START_SECONDS: Final = 10.0
_SEND_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)

Listener = Callable[[Sequence[Record]], None]
"""Is handed every record of the journal as it comes, in the order of each partition."""


def new_request_id(origin: str) -> str:
    """An id that no request has had; `origin` says at a glance where it was asked."""
    return f"{origin}-{secrets.token_hex(12)}"


class Line:
    """An async context manager. Requests go to the partition of their stream.

    ``keys`` sign what is sent, the first of them; without one, requests go as a stranger's would.
    ``send_seconds``: how long Kafka may take to say that it has a request.
    """

    def __init__(
        self,
        connection: Connection,
        names: TopicNames,
        keys: Mapping[str, bytes],
        listener: Listener | None = None,
        *,
        send_seconds: float = _SEND_SECONDS,
    ) -> None:
        self._connection = connection
        self._names = names
        self._keys = keys
        self._listener = listener
        self._send_seconds = send_seconds
        self._sender = Sender(connection)
        self._partitions = 0
        self._waiting: dict[bytes, dict[str, asyncio.Future[Entry]]] = {}
        self._journal: TopicFollower | None = None
        self._hearing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._open()
        try:
            await self._sender.start(wait_seconds=_START_SECONDS)
        except BaseException:
            await self._close()
            raise
        self._hearing = asyncio.create_task(self._hear_for_ever(), name="hear-answers")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._hearing is not None
        self._hearing.cancel()
        await asyncio.wait([self._hearing])
        await self._sender.close()
        await self._close()

    @property
    def partitions(self) -> int:
        """How many the journal has."""
        return self._partitions

    @property
    def backlog(self) -> int:
        """How many requests Kafka has not taken, also those nobody waits for any more."""
        return self._sender.backlog

    async def ask(self, request: AnyRequest, *, within_seconds: float) -> Entry:
        """Send a request and return the event or refusal that answers it.

        Raises:
            NoAnswerError: there is none in time; the request stays in Kafka.
            BrokerUnavailableError: Kafka does not say that it has it; it may have it all the same.

        """
        assert request.request_id is not None, "an answer is found by it"
        key = request.stream_id.encode()
        answer: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        asked = self._waiting.setdefault(key, {})
        asked[request.request_id] = answer
        try:
            await self._send(request, key)
            async with asyncio.timeout(within_seconds):
                return await answer
        except TimeoutError:
            raise NoAnswerError(request.request_id, within_seconds) from None
        finally:
            del asked[request.request_id]
            if not asked:
                self._waiting.pop(key, None)

    async def _send(self, request: AnyRequest, key: bytes) -> None:
        partition = partition_of(request.stream_id, self._partitions)
        topic = self._names.stop_requests
        with sending(topic, partition, request.request_id, request.traceparent) as traceparent:
            if traceparent != request.traceparent:
                request = request.model_copy(update={"traceparent": traceparent})
            await self._send_to(partition, write_request(request), key)

    async def _send_to(self, partition: int, value: bytes, key: bytes) -> None:
        headers = [
            (SIGNATURE_HEADER, sign(value, key_id, secret))
            for key_id, secret in list(self._keys.items())[:1]
        ]
        record = OutRecord(self._names.stop_requests, key, value, tuple(headers), partition)
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._sender.send(record)
        except TimeoutError:
            raise BrokerUnavailableError(
                self._connection.bootstrap,
                f"the request was not taken within {self._send_seconds:g} s",
                "it may arrive all the same; asking again is harmless",
            ) from None

    async def _hear_for_ever(self) -> None:
        while True:
            try:
                await self._hear()
            except Exception as error:  # noqa: BLE001 - deaf, it would tell nobody of any answer
                # What is answered meanwhile is not heard here: whoever waits is told so in time.
                why = f"{type(error).__name__}: {error}"
                _log.warning("the journal is followed anew, from its end", error=why)
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._reopen()

    async def _hear(self) -> None:
        journal = self._journal
        assert journal is not None, "not entered"
        async for records in journal.follow():
            if self._listener is not None:
                self._listener(records)
            for record in records:
                if (asked := self._waiting.get(record.key or b"")) is not None:
                    _answer(asked, record)

    async def _open(self) -> None:
        first = await ends(self._connection, self._names.journal)
        self._partitions = len(first)
        self._journal = TopicFollower(self._connection, self._names.journal, first)
        await self._journal.__aenter__()

    async def _reopen(self) -> None:
        while True:
            try:
                await self._close()
                await self._open()
            except Exception:  # noqa: BLE001 - as above; why was said already
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return

    async def _close(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            await journal.close()


def _answer(asked: Mapping[str, "asyncio.Future[Entry]"], record: Record) -> None:
    try:
        entry = Entry.from_json(record.value or b"")
    except JournalError:
        # What a newer release has written is no answer to a request of this one.
        return
    answer = asked.get(entry.request_id or "")
    if answer is not None and not answer.done() and is_answer(entry):
        answer.set_result(entry)
