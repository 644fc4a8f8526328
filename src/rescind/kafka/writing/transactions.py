"""`TransactionalProducer`: all records of a batch, or none, and only by the owner.

One for each partition. Starting it fences whoever had it before and settles what that one left
open; so it is started *before* state is restored. After any error it must be started again.

A transaction is begun, and the partitions that every transaction writes are added to it, while
nobody waits: right after the one before. Kafka ends a transaction that is open for longer than
its time-out, so an idle one is ended in time. That leaves a marker in each of its partitions, so
nothing is added to the one that follows it: Kafka does not know of it, and an idle owner writes
nothing. Its connection is asked something now and then all the same, or its loss would not show.

Nothing is written on a connection that took the place of a lost one: the broker may have come
back without what it had said to be committed, and only a new start lets its owner look.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from rescind.errors import FencedError, TransactionFailedError, UncertainError
from rescind.kafka.clients.internals import (
    add_partitions_ahead,
    ask_coordinator,
    discard_producer,
    fatal_error,
    lower_transaction_backoff,
    tell_lost_connections,
)
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
from rescind.kafka.reading.hanging import where_some_hang
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.batches import BATCH_BYTES, Batch, fill_batches

__all__ = ["TransactionalProducer"]

log = logging.getLogger(__name__)

_TRANSACTION_MS: Final = 10_000
# An idle transaction is ended well before Kafka does it, though the loop may be busy then.
_RENEW_SECONDS: Final = 4.0
_WATCHDOG_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 2.0


class TransactionalProducer:
    """The only writer of ``partition``, as long as nobody else starts one.

    ``ahead`` names the topics that every transaction writes, ``owned`` others of which nobody
    else writes that partition in transactions. ``limits`` has for each topic the
    bytes of its largest record. An async context manager: entering it starts, leaving it stops.
    """

    def __init__(
        self,
        connection: Connection,
        transactional_id: str,
        partition: int,
        *,
        ahead: Sequence[str] = (),
        owned: Sequence[str] = (),
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.transactional_id = transactional_id
        self.partition = partition
        self._connection = connection
        self._ahead = [TopicPartition(topic, partition) for topic in ahead]
        self._owned = self._ahead + [TopicPartition(topic, partition) for topic in owned]
        self._limits = dict(limits or {})
        self._producer: AIOKafkaProducer | None = None
        self._in_use = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None
        self._looked_at = 0.0
        self._is_added_ahead = False
        self._failure: FencedError | TransactionFailedError | UncertainError | None = None

    async def start(self, *, wait_seconds: float = math.inf) -> None:
        """Take the partition over, from others and from an earlier start of our own.

        Raises `BrokerUnavailableError` if that was not possible for ``wait_seconds``.
        """
        lower_transaction_backoff()
        await self._discard()
        producer = await started(self._new, discard_producer, self._connection, wait_seconds)
        self._producer, self._failure = producer, None
        try:
            async with asyncio.timeout(_WATCHDOG_SECONDS):
                for partition in self._owned:
                    # Known before the first transaction would have to wait for it.
                    await producer.partitions_for(partition.topic)
                await self._end_what_hangs(producer)
                await self._begin(producer)
        except (KafkaError, TimeoutError) as error:
            raise await self._outcome(error, committing=False) from error
        self._renewing = asyncio.create_task(self._renew_for_ever(producer))

    async def transact(self, records: Iterable[OutRecord]) -> None:
        """Write these records, all of them or none; returns when they are committed.

        A record without a partition goes to ours. Raises `RecordTooLargeError` before anything
        is sent, or `FencedError`, `UncertainError`, `TransactionFailedError`: then start again.
        """
        async with self._in_use:
            self.check()
            producer = self._producer
            assert producer is not None, "not started"
            batches = fill_batches(producer, records, self.partition, self._limits)
            if not batches:
                return
            committing = False
            try:
                async with asyncio.timeout(_WATCHDOG_SECONDS):
                    await _send(producer, batches)
                    committing = True
                    await producer.commit_transaction()
            except (Exception, asyncio.CancelledError) as error:
                outcome = await self._outcome(error, committing=committing)
                if isinstance(error, asyncio.CancelledError):
                    raise
                raise outcome from error
            await self._begin_next(producer)

    def check(self) -> None:
        """Raise what the next `transact` would: whether there is anything to write or not."""
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """End the transaction that was begun ahead, so that a successor need not wait for it."""
        await self._end_renewing()
        if self._producer is not None and self._failure is None:
            with contextlib.suppress(KafkaError, TimeoutError, AssertionError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._producer.abort_transaction()
        await self._discard()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _new(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._connection.options(),
            transactional_id=self.transactional_id,
            transaction_timeout_ms=_TRANSACTION_MS,
            max_batch_size=BATCH_BYTES,
            linger_ms=0,
            request_timeout_ms=10_000,
            # Also how long the markers of a fenced owner's transaction are waited for.
            retry_backoff_ms=20,
        )
        tell_lost_connections(producer, lambda: self._lose_connection(producer))
        return producer

    def _lose_connection(self, producer: AIOKafkaProducer) -> None:
        # A transaction under way goes on to its end; it is the next one that is refused.
        if producer is self._producer and self._failure is None:
            why = "a connection to Kafka was lost"
            self._failure = TransactionFailedError(self.transactional_id, why)

    async def _end_what_hangs(self, producer: AIOKafkaProducer) -> None:
        # Else the marker of our next transaction would end it too: after a restore without it, its
        # records would come beside those decided again. Only where one hangs: the markers of a
        # partition that a broker has just been told to make hold up those of all transactions
        # for 40 s (Kafka 4.4.0, one in some hundred starts on a busy machine).
        hanging = await where_some_hang(self._connection, self._owned)
        if hanging:
            where = ", ".join(f"{each.topic}-{each.partition}" for each in hanging)
            log.error("a transaction that Kafka has lost hangs and is ended: %s", where)
            await producer.begin_transaction()
            add_partitions_ahead(producer, hanging)
            await producer.abort_transaction()

    async def _begin(self, producer: AIOKafkaProducer) -> None:
        await producer.begin_transaction()
        add_partitions_ahead(producer, self._ahead)
        self._is_added_ahead = True
        self._looked_at = time.monotonic()

    async def _begin_next(self, producer: AIOKafkaProducer) -> None:
        # What fails here is the next transaction: the one before has been committed.
        try:
            await self._begin(producer)
        except (KafkaError, AssertionError) as error:
            await self._outcome(error, committing=False)

    async def _renew_for_ever(self, producer: AIOKafkaProducer) -> None:
        while True:
            await asyncio.sleep(max(0.05, self._looked_at + _RENEW_SECONDS - time.monotonic()))
            async with self._in_use:
                if self._failure is not None:
                    return
                if time.monotonic() - self._looked_at < _RENEW_SECONDS:
                    continue
                try:
                    async with asyncio.timeout(_WATCHDOG_SECONDS):
                        await self._renew(producer)
                except (KafkaError, TimeoutError, AssertionError) as error:
                    # Nothing was in it, so nothing is uncertain.
                    await self._outcome(error, committing=False)
                    return

    async def _renew(self, producer: AIOKafkaProducer) -> None:
        if self._is_added_ahead:
            await producer.abort_transaction()
            await producer.begin_transaction()
            self._is_added_ahead = False
        else:
            await ask_coordinator(producer)
        self._looked_at = time.monotonic()

    async def _outcome(
        self, error: BaseException, *, committing: bool
    ) -> FencedError | UncertainError | TransactionFailedError:
        """Say what has happened and make the producer unusable until it is started again."""
        if self._producer is not None:
            error = fatal_error(self._producer) or error
        why = str(error) or type(error).__name__
        if isinstance(error, TimeoutError):
            why = f"no answer came within {_WATCHDOG_SECONDS:.0f} s"
        if isinstance(error, ProducerFenced):
            self._failure = FencedError(self.transactional_id)
        elif committing:
            self._failure = UncertainError(self.transactional_id, why)
        else:
            self._failure = TransactionFailedError(self.transactional_id, why)
        failure = self._failure
        await self._discard()
        return failure

    async def _discard(self) -> None:
        await self._end_renewing()
        producer, self._producer = self._producer, None
        if producer is not None:
            await discard_producer(producer)

    async def _end_renewing(self) -> None:
        renewing, self._renewing = self._renewing, None
        if renewing is not None and renewing is not asyncio.current_task():
            renewing.cancel()
            await asyncio.wait([renewing])


async def _send(producer: AIOKafkaProducer, batches: Sequence[Batch]) -> None:
    futures = list[asyncio.Future[object]]()
    for batch in batches:
        future = await producer.send_batch(batch.builder, batch.topic, partition=batch.partition)
        # Seen even if a later batch cannot be handed over.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        futures.append(future)
    # A commit succeeds though a batch in it has failed, so each is waited for.
    results = await asyncio.gather(*futures, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
