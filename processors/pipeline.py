"""One partition's pipeline: read both lanes, decide, commit, adopt, and again.

One transaction at a time; the state in memory moves only after its commit. What goes wrong is
one of three things, and each has one answer:

    a bug for one record      the batch is decided again record by record; the one that fails
                              is refused ``internal_error``, buried, and the partition goes on
    the commit is uncertain   the producer is started anew, which settles the old transaction;
                              ``@position`` then says whether it happened
    fenced, or lost           the pipeline ends; whoever has the partition now has restored it
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Iterable

import structlog

from rescind.errors import (
    BrokerError,
    BrokerUnavailableError,
    FencedError,
    OutOfRangeError,
    TransactionFailedError,
    UncertainError,
    UnreadableStateError,
)
from rescind.events.requests import Lane
from rescind.kafka.readers import starts
from rescind.processors.clocks import ClockKeeper
from rescind.processors.intake import Intake
from rescind.processors.lifecycle import Batch, Lifecycle, Place, Read
from rescind.processors.position import Position
from rescind.processors.restore import read_position, restore
from rescind.processors.tools import Tools
from rescind.statemachine.policy import Policy
from rescind.statemachine.sweeps import Sweep, all_sweeps

__all__ = ["Pipeline"]

WORK_SECONDS = 0.030
"""How long one batch may take to decide: what arrives meanwhile waits no longer than that."""
YIELD_SECONDS = 0.005
"""The event loop has the group's heartbeats and the other partitions to look after."""
IDLE_SECONDS = 0.5
ALONE_TRIES = 3
ALONE_BACKOFF_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class Pipeline:
    """The lifecycle of one partition at work. `run` returns only when the partition is lost."""

    def __init__(self, place: Place, policy: Policy, tools: Tools) -> None:
        self._place = place
        self._policy = policy
        self._tools = tools
        self._intake: Intake | None = None
        self._clocks = ClockKeeper(policy)
        self._producer = tools.producer_for(place.partition)
        self._producer_id = ""
        self._life: Lifecycle | None = None

    @property
    def is_serving(self) -> bool:
        """Whether it has taken its partition over."""
        return self._life is not None

    @property
    def life(self) -> Lifecycle:
        """The partition's state; there is none before `take_over`."""
        assert self._life is not None
        return self._life

    @property
    def intake(self) -> Intake:
        """Both lanes; there are none before `take_over`."""
        assert self._intake is not None
        return self._intake

    async def run(self) -> None:
        """Take the partition over and serve it.

        Raises:
            FencedError: another worker has it.

        """
        await self.take_over()
        while True:
            try:
                await self._wait()
                await self._turn()
            except (TransactionFailedError, OutOfRangeError) as error:
                # Not the fault of a record: the broker is in trouble, or retention overtook us.
                _log.warning("the partition is restored", error=str(error))
                await self.intake.close()
                await self.take_over()

    async def take_over(self) -> None:
        """Fence the old owner, restore what it has committed, and stand where it stood."""
        await self._start_producer()
        await self._restore()

    async def stop(self) -> None:
        """Give everything back; what is not committed was never done."""
        if self._intake is not None:
            await self._intake.close()
        await self._producer.stop()

    async def _start_producer(self) -> None:
        await self._producer.start()
        self._producer_id = uuid.uuid4().hex

    async def _restore(self) -> None:
        place = self._place
        began = time.monotonic()
        base, position = await restore(self._tools.connection, place.topics, place.partition)
        self._life = Lifecycle(base, position or Position(), self._policy, place)
        self.life.owed.update(dict.fromkeys(all_sweeps(base)))
        self._clocks = ClockKeeper(self._policy)
        self._clocks.restore(base)
        await self._open_lanes()
        _log.info(
            "partition taken over",
            partition=place.partition,
            flow_runs=len(base.flows),
            task_runs=sum(len(tasks) for tasks in base.tasks.values()),
            seconds=round(time.monotonic() - began, 3),
        )

    async def _open_lanes(self) -> None:
        """Read both lanes on from the committed position, or from where they begin by now."""
        names: dict[Lane, str] = {
            "stop": self._place.topics.stop_requests,
            "start": self._place.topics.start_requests,
        }
        at: dict[Lane, int] = {}
        for lane, topic in names.items():
            due = self.life.position.of(lane).next
            first = (await starts(self._tools.connection, topic))[self._place.partition]
            if first > due:
                # Retention took records that nobody has read: said loudly, never silently.
                _log.error("requests lost", lane=lane, first=due, last=first - 1)
                batch = self._begin()
                batch.miss(lane, due, first - 1)
                await self._commit(batch, ())
            at[lane] = max(due, first)
        self._intake = Intake(self._tools.connection, names, self._place.partition, at)
        await self._intake.open()

    async def _wait(self) -> None:
        """Wait until there is something to do."""
        if not len(self.intake) and not self.life.owed:
            await self.intake.wait(self._seconds_to_next_clock())

    def _seconds_to_next_clock(self) -> float:
        due_ms = self._clocks.next_due_ms()
        if due_ms is None:
            return IDLE_SECONDS
        remaining = (due_ms - self._tools.broker_time.now_ms()) / 1000
        return min(max(remaining, 0.0), IDLE_SECONDS)

    async def _turn(self) -> None:
        batch = self._begin()
        taken: list[Read] = []
        try:
            await self._decide(batch, taken)
            swept = tuple(self.life.owed)
            batch.sweep(swept)
            await self._commit(batch, swept)
        except TransactionFailedError:
            _log.warning("a transaction failed and is tried again", exc_info=True)
            await self._start_producer()
            await self._again(taken)
        except (FencedError, BrokerUnavailableError, UnreadableStateError):
            raise
        except Exception:  # noqa: BLE001 - a bug for one record must not stop the partition
            _log.exception("a batch failed and is decided again one by one")
            await self._one_by_one(taken)
        await self._strike_clocks()

    def _begin(self) -> Batch:
        batch = self.life.begin()
        batch.position = batch.position._replace(producer=self._producer_id)
        return batch

    async def _decide(self, batch: Batch, taken: list[Read]) -> None:
        began = yielded = time.monotonic()
        for read in self.intake.next():
            taken.append(read)
            batch.take(read)
            now = time.monotonic()
            if now - began > WORK_SECONDS or batch.is_full:
                break
            if now - yielded > YIELD_SECONDS:
                await asyncio.sleep(0)
                yielded = time.monotonic()

    async def _again(self, taken: list[Read]) -> None:
        """Decide the same records once more; if Kafka still refuses, find out which it is."""
        batch = self._begin()
        for read in taken:
            batch.take(read)
        try:
            await self._commit(batch, ())
        except TransactionFailedError:
            await self._start_producer()
            await self._one_by_one(taken)

    async def _one_by_one(self, taken: list[Read]) -> None:
        for read in taken:
            error = await self._alone(read)
            if error is not None:
                record = read.record
                _log.error("a request is refused", lane=read.lane, offset=record.offset)
                batch = self._begin()
                batch.refuse_bug(read, error)
                # If this fails too, it is not the record: the caller restores and goes on.
                await self._commit(batch, ())

    async def _alone(self, read: Read) -> Exception | None:
        """Decide and commit one record; the error, if it cannot be done."""
        failure: Exception | None = None
        for tries in range(ALONE_TRIES):
            try:
                batch = self._begin()
                batch.take(read)
                await self._commit(batch, ())
            except TransactionFailedError as error:
                failure = error
                await self._start_producer()
                await asyncio.sleep(ALONE_BACKOFF_SECONDS * 2**tries)
            except (FencedError, BrokerUnavailableError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this record's
                return error
            else:
                return None
        return failure

    async def _commit(self, batch: Batch, swept: Iterable[Sweep]) -> None:
        """Write a batch in one transaction and adopt it.

        Raises:
            FencedError: another worker has the partition.
            TransactionFailedError: it did not happen.
            RecordTooLargeError: one of its records can never be written.

        """
        if batch.is_empty:
            return
        records = batch.records()
        if batch.forwards:
            # Before the transaction: a crash in between forwards twice, which is harmless.
            await self._tools.asking.send_all(batch.forwards)
        try:
            await self._producer.transact(records)
        except UncertainError as error:
            if not await self._did_happen(batch):
                raise TransactionFailedError(error.transactional_id, error.why) from error
        self.life.adopt(batch, swept)
        self._clocks.see(batch.draft)

    async def _did_happen(self, batch: Batch) -> bool:
        """After an uncertain commit: starting anew settles it, and ``@position`` tells.

        Raises:
            FencedError: neither before nor after: somebody else has written here.

        """
        await self._start_producer()
        place = self._place
        found = await read_position(self._tools.connection, place.topics, place.partition)
        if found == batch.position:
            return True
        before = self.life.position
        if found == before or (found is None and before.sequence == 0):
            return False
        raise FencedError(self._producer.transactional_id)

    async def _strike_clocks(self) -> None:
        struck = self._clocks.strike(self._tools.broker_time.now_ms())
        if struck:
            with contextlib.suppress(BrokerError):  # They are fired again until it shows.
                await self._tools.asking.ask(self._place.partition, struck)
