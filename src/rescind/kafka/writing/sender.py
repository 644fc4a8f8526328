"""`Sender`: requests on their way to Kafka, in order, however long that takes.

For runners, agents and commands. It is idempotent and waits for all copies (``acks=all``), so a
record that is acknowledged is safe. While the broker is away it keeps what it was given and
says so once. When the client's producer is beyond repair a new one takes over what was not
acknowledged, so a record may be written twice: requests are made so that this is harmless.

There is no bound on what it keeps: whoever cannot hold more waits for what it has sent.
"""

import asyncio
import logging
import math
from collections import deque
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from rescind.errors import BrokerError, RecordTooLargeError, TopicsError
from rescind.events.requests.sizes import headers_bytes
from rescind.kafka.clients.internals import discard_producer
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
from rescind.kafka.records import OutRecord, Sent
from rescind.kafka.topics.specs import LANE_RECORD_BYTES_MAX

__all__ = ["Sender"]

log = logging.getLogger(__name__)

_BACKOFF_SECONDS: Final = 0.5
_SAY_AFTER_SECONDS: Final = 5.0
# Handed to the client and not acknowledged; the rest waits here, where it has an order.
_FLYING_MAX: Final = 5000


@dataclass(slots=True, eq=False)
class _Item:
    record: OutRecord
    answer: "asyncio.Future[Sent]"


class Sender:
    """An async context manager: entering starts it, leaving it waits a while for what is left.

    ``record_bytes_max`` is the largest record of the topics it sends to.
    """

    def __init__(
        self, connection: Connection, *, record_bytes_max: int = LANE_RECORD_BYTES_MAX
    ) -> None:
        self._connection = connection
        self._record_bytes_max = record_bytes_max
        self._waiting: deque[_Item] = deque()
        self._flying: deque[_Item] = deque()
        self._changed = asyncio.Event()
        self._broken = False
        self._said = False
        self._closed = False
        self._producer: AIOKafkaProducer | None = None
        self._pumping: asyncio.Task[None] | None = None

    async def start(self, *, wait_seconds: float = math.inf) -> None:
        """Connect. Raises `BrokerUnavailableError` if that was not possible for so long."""
        self._producer = await started(self._new, discard_producer, self._connection, wait_seconds)
        self._pumping = asyncio.create_task(self._pump())

    def post(self, record: OutRecord) -> "asyncio.Future[Sent]":
        """Take a record on; its place when Kafka has it. Records keep the order of these calls.

        The future has `RecordTooLargeError` or `TopicsError` if the record can never be sent,
        and is cancelled if the sender is closed first.
        """
        assert not self._closed, "a closed sender was given a record"
        # The client asserts this as well, at each try: the record would wait for ever, and all
        # that follows it.
        assert not (record.key is None and record.value is None), "a record without key and value"
        answer: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Item(record, answer))
        self._changed.set()
        return answer

    async def send(self, record: OutRecord) -> Sent:
        """`post` and wait until Kafka has it."""
        return await self.post(record)

    @property
    def unsent(self) -> list[OutRecord]:
        """What Kafka has not acknowledged, in order."""
        return [item.record for item in (*self._flying, *self._waiting) if not item.answer.done()]

    @property
    def backlog(self) -> int:
        """How many records Kafka has not acknowledged, also those nobody waits for any more."""
        return len(self._flying) + len(self._waiting)

    async def flush(self) -> None:
        """Wait until Kafka has all that was posted before."""
        left = [item.answer for item in (*self._flying, *self._waiting)]
        if left:
            await asyncio.wait(left)

    async def close(self, *, wait_seconds: float = 10.0) -> list[OutRecord]:
        """Wait for what is left, at most so long; return what Kafka has not acknowledged."""
        self._closed = True
        try:
            async with asyncio.timeout(wait_seconds):
                await self.flush()
        except TimeoutError:
            pass
        finally:
            await self._end()
        unsent = self.unsent
        for item in (*self._flying, *self._waiting):
            item.answer.cancel()
        return unsent

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _new(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._connection.options(),
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=128 << 10,
            max_request_size=self._record_bytes_max,
            request_timeout_ms=10_000,
        )

    async def _pump(self) -> None:
        while True:
            if self._broken:
                await self._replace()
            if not self._waiting or len(self._flying) >= _FLYING_MAX:
                await self._wait_for_change()
                continue
            item = self._waiting.popleft()
            self._flying.append(item)
            await self._hand_over(item)

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(_SAY_AFTER_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            if self._flying:
                self._say_it_waits()

    async def _hand_over(self, item: _Item) -> None:
        producer = self._producer
        assert producer is not None
        record = item.record
        try:
            delivery = await producer.send(
                record.topic,
                value=record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
        except KafkaTimeoutError:
            # The client's buffer of this partition is full: the broker is away.
            self._put_back(item)
        except Exception as error:  # noqa: BLE001 - the client fails with assertions as well
            answer = await self._final(record, error, producer)
            if answer is not None:
                self._answer(item, answer)
                return
            self._put_back(item)
            # A topic that is not known of yet is no fault of the producer's.
            self._broken = not isinstance(error, UnknownTopicOrPartitionError)
        else:
            delivery.add_done_callback(partial(self._delivered, item, producer))

    def _delivered(
        self, item: _Item, producer: AIOKafkaProducer, delivery: "asyncio.Future[Any]"
    ) -> None:
        if producer is not self._producer or delivery.cancelled():
            return
        error = delivery.exception()
        if error is None:
            place = delivery.result()
            self._answer(item, Sent(place.partition, place.offset, place.timestamp))
            if self._said:
                log.warning("Kafka at %s takes records again", self._connection.bootstrap)
                self._said = False
        else:
            # The client has tried everything. What follows in the partition cannot be sent by
            # it either, since the broker now misses a number in its sequence.
            self._broken = True
            answer = self._refusal(item.record, error)
            if answer is not None:
                self._answer(item, answer)
        self._changed.set()

    def _answer(self, item: _Item, answer: Sent | BrokerError) -> None:
        self._flying.remove(item)
        if item.answer.done():
            return
        if isinstance(answer, BrokerError):
            item.answer.set_exception(answer)
        else:
            item.answer.set_result(answer)

    async def _final(
        self, record: OutRecord, error: Exception, producer: AIOKafkaProducer
    ) -> BrokerError | None:
        """Return why this record can never be sent, or None if trying again may help."""
        if isinstance(error, UnknownTopicOrPartitionError):
            # Also the client's word for a broker that is away.
            if not await producer.client.force_metadata_update():
                self._say_it_waits()
                return None
            return TopicsError([f"{record.topic} is missing: run `rescind topics create`"])
        return self._refusal(record, error)

    def _refusal(self, record: OutRecord, error: BaseException) -> BrokerError | None:
        if isinstance(error, MessageSizeTooLargeError):
            size = len(record.value or b"") + len(record.key or b"") + headers_bytes(record.headers)
            return RecordTooLargeError(record.topic, size, self._record_bytes_max)
        if isinstance(error, TopicAuthorizationFailedError):
            return TopicsError([f"{record.topic} may not be written by this user"])
        return None

    def _put_back(self, item: _Item) -> None:
        self._flying.remove(item)
        self._waiting.appendleft(item)

    def _say_it_waits(self) -> None:
        if not self._said:
            self._said = True
            count = len(self._flying) + len(self._waiting)
            log.warning(
                "%d records wait for Kafka at %s to take them", count, self._connection.bootstrap
            )

    async def _replace(self) -> None:
        """Let a new producer send all that was not acknowledged, from the first on."""
        old, self._producer = self._producer, None
        if old is not None:
            await discard_producer(old)
        self._waiting.extendleft(reversed(self._flying))
        self._flying.clear()
        log.warning("a new producer sends %d records again", len(self._waiting))
        await asyncio.sleep(_BACKOFF_SECONDS)
        self._producer = await started(self._new, discard_producer, self._connection, math.inf)
        self._broken = False

    async def _end(self) -> None:
        pumping, self._pumping = self._pumping, None
        if pumping is not None:
            pumping.cancel()
            await asyncio.wait([pumping])
        producer, self._producer = self._producer, None
        if producer is not None:
            await discard_producer(producer)
