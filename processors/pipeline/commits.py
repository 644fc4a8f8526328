"""The transactions of one partition: begun on what is committed, adopted after their commit.

The state in memory moves only here. When it is uncertain whether a commit happened, the
producer is started anew, which settles it, and ``@position`` tells which. It also tells when
Kafka no longer has what it had committed: a state in memory that it lost is gone on with by
nobody.
"""

import time
import uuid
from collections.abc import Iterable, Sequence

from rescind.errors import (
    CommitLostError,
    FencedError,
    TransactionFailedError,
    UncertainError,
)
from rescind.kafka.records import OutRecord
from rescind.processors.lifecycle.errands import Errands
from rescind.processors.lifecycle.lifecycle import Batch, Lifecycle
from rescind.processors.lifecycle.position import Position
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.processors.pipeline.restore import read_position
from rescind.processors.shared.tools import Tools
from rescind.statemachine.families import Errand
from rescind.statemachine.sweeps import Sweep

__all__ = ["Commits"]


class Commits:
    """The only writer of a partition, as long as nobody else has started one.

    Attributes:
        life: the committed state; whoever restores it sets it, with its `clocks` and `errands`.
        is_astray: something failed between a commit and its adoption, so the state in memory is
            not the committed one: it must be restored, and nothing decided again.

    """

    life: Lifecycle
    clocks: ClockKeeper
    errands: Errands

    def __init__(self, partition: int, tools: Tools) -> None:
        self.is_astray = False
        self._partition = partition
        self._tools = tools
        self._producer = tools.producer_for(partition)
        self._producer_id = ""

    async def start(self) -> None:
        """Start the producer: that fences the old owner and settles what it left open.

        Raises:
            TransactionFailedError: Kafka answers, but cannot be used yet.

        """
        await self._producer.start()
        self._producer_id = uuid.uuid4().hex

    async def start_again(self) -> None:
        """Start the producer to go on from the state in memory, which Kafka has to have too.

        Raises:
            CommitLostError: it has less; what it has must be restored.
            FencedError: somebody else has written here.
            TransactionFailedError: Kafka answers, but cannot be used yet.

        """
        found = await self._start_and_look()
        if found != self.life.position:
            raise self._contradiction(found)

    async def stop(self) -> None:
        """Give the partition back."""
        await self._producer.stop()

    def begin(self) -> Batch:
        """A new transaction on the committed state."""
        batch = self.life.begin()
        # The first transaction counts as a round: nothing of the partition is older.
        rewritten_ms = batch.position.rewritten_ms or self._tools.broker_time.now_ms()
        batch.position = batch.position._replace(
            producer=self._producer_id, rewritten_ms=rewritten_ms
        )
        return batch

    async def commit(
        self, batch: Batch, swept: Iterable[Sweep] = (), told: Iterable[Errand] = ()
    ) -> None:
        """Write a batch in one transaction and adopt it; one without anything is not written.

        `swept` and `told` are the sweeps that it has gone on with, and the errands recorded in it.

        Raises:
            FencedError: another worker has the partition.
            TransactionFailedError: it did not happen.
            RecordTooLargeError: one of its records can never be written.

        """
        if batch.is_empty:
            self._producer.check()
            self.life.note_swept(batch, swept)
            self.errands.recorded(told)
            return
        began = time.monotonic()
        await self._write(batch)
        seconds = time.monotonic() - began
        self.is_astray = True
        self.life.adopt(batch, swept)
        self.clocks.see(batch.draft)
        self.errands.recorded(told)
        self.errands.see(batch.draft)
        self.is_astray = False
        batch.traces.end()
        self._tools.meters.committed(batch, seconds, self._tools.broker_time.now_ms())

    async def write_again(
        self, records: Sequence[OutRecord], rewritten_ms: int | None = None
    ) -> None:
        """Write public records that have not changed, and with the last of a round its beginning.

        Raises:
            FencedError: another worker has the partition.
            TransactionFailedError: it did not happen.

        """
        batch = self.begin()
        if rewritten_ms is not None:
            batch.position = batch.position._replace(rewritten_ms=rewritten_ms)
        await self._write(batch, records)
        self.life.adopt(batch)

    async def probe(self) -> None:
        """Write a transaction in which nothing happens but that the sequence is raised.

        Raises:
            TransactionFailedError: so it is no record's fault that transactions fail.

        """
        batch = self.begin()
        await self._write(batch)
        self.life.adopt(batch)

    async def _write(self, batch: Batch, beside: Sequence[OutRecord] = ()) -> None:
        records = [*batch.records(), *beside]
        if batch.forwards:
            # Before the transaction: a crash in between forwards twice, which is harmless.
            await self._tools.asking.send_all(batch.forwards)
        try:
            await self._producer.transact(records)
        except UncertainError as error:
            if not await self._did_happen(batch):
                raise TransactionFailedError(error.transactional_id, error.why) from error

    async def _did_happen(self, batch: Batch) -> bool:
        """After an uncertain commit: starting anew settles it, and ``@position`` tells.

        Raises:
            CommitLostError: not even what was before it is there.
            FencedError: neither before nor after: somebody else has written here.

        """
        found = await self._start_and_look()
        if found == batch.position:
            return True
        if found == self.life.position:
            return False
        raise self._contradiction(found)

    async def _start_and_look(self) -> Position:
        await self.start()
        topics = self.life.place.topics
        found = await read_position(self._tools.connection, topics, self._partition)
        return found or Position()

    def _contradiction(self, found: Position) -> CommitLostError | FencedError:
        transactional_id, committed = self._producer.transactional_id, self.life.position.sequence
        if found.sequence < committed:
            return CommitLostError(transactional_id, committed, found.sequence)
        return FencedError(transactional_id)
