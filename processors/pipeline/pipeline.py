"""One partition's pipeline: read both lanes, decide, commit, adopt, and again.

One transaction at a time; the state in memory moves only after its commit. What goes wrong is
one of three things, and each has one answer:

    a bug for one record      the batch is decided again record by record; the one that fails
                              is refused ``internal_error``, buried, and the partition goes on
    Kafka is in trouble       the producer is started anew, which settles the old transaction,
                              and the batch is done again, or all of it restored; so it is when
                              Kafka comes back with less than it had committed
    fenced, or lost           the pipeline ends; whoever has the partition now has restored it
"""

import asyncio
import time

import structlog

from rescind.errors import (
    BrokerError,
    FencedError,
    OutOfRangeError,
    RecordTooLargeError,
    TransactionFailedError,
    UnreadableStateError,
)
from rescind.events.requests import AnyRequest, Lane
from rescind.kafka.reading.visits import Visit
from rescind.processors.lifecycle.errands import Errands
from rescind.processors.lifecycle.lifecycle import Batch, Lifecycle, Place, Read
from rescind.processors.lifecycle.position import Position
from rescind.processors.measuring.meters import Served
from rescind.processors.pipeline import sweeping
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.processors.pipeline.commits import Commits
from rescind.processors.pipeline.intake import Intake
from rescind.processors.pipeline.restore import restore, say_what_is_lost
from rescind.processors.pipeline.rewriting import Rewriting
from rescind.processors.pipeline.salvage import salvage
from rescind.processors.shared.tools import Tools
from rescind.statemachine.families import Errand
from rescind.statemachine.policy import Policy
from rescind.statemachine.sweeps import all_sweeps

__all__ = ["Pipeline"]

WORK_SECONDS = 0.030
"""How long one batch may take to decide: what arrives meanwhile waits no longer than that."""
YIELD_SECONDS = 0.005
"""The event loop has the group's heartbeats and the other partitions to look after."""
IDLE_SECONDS = 0.5
AGAIN_SECONDS = 1.0
BACKOFF_SECONDS = 0.1
BACKOFF_SECONDS_MAX = 5.0

_log = structlog.get_logger(__name__)


class Pipeline:
    """The lifecycle of one partition at work. `run` returns only when the partition is lost."""

    def __init__(self, place: Place, policy: Policy, tools: Tools) -> None:
        self._place = place
        self._policy = policy
        self._tools = tools
        self._commits = Commits(place.partition, tools)
        self._rewriting = Rewriting(self._commits, policy)
        self._intake: Intake | None = None
        self._striking: asyncio.Task[None] | None = None
        self._running_errands: asyncio.Task[None] | None = None
        self._is_serving = False

    @property
    def is_serving(self) -> bool:
        """Whether it has taken its partition over."""
        return self._is_serving

    @property
    def life(self) -> Lifecycle:
        """The partition's state; there is none before `take_over`."""
        return self._commits.life

    @property
    def intake(self) -> Intake:
        """Both lanes; there are none before `take_over`."""
        assert self._intake is not None
        return self._intake

    @property
    def served(self) -> Served:
        """What there is to see of its partition; nothing before `take_over`."""
        life, intake = self.life, self._intake
        ends = {} if intake is None else intake.ends_seen()
        return Served(life.base, self._commits.clocks.running, life.position, ends)

    async def run(self) -> None:
        """Take the partition over and serve it.

        Raises:
            FencedError: another worker has it.
            UnreadableStateError: a newer release has written some of its state.

        """
        backoff = BACKOFF_SECONDS
        while True:
            sequence = self.life.position.sequence if self._is_serving else 0
            try:
                await self.take_over()
                await self._serve()
            except FencedError:
                raise
            except BrokerError as error:
                # Not the fault of a record: Kafka is in trouble, or retention overtook us.
                _log.warning(
                    "the partition is restored", partition=self._place.partition, error=str(error)
                )
            await self._close_intake()
            if self._is_serving and self.life.position.sequence > sequence:
                backoff = BACKOFF_SECONDS
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, BACKOFF_SECONDS_MAX)

    async def take_over(self) -> None:
        """Fence the old owner, restore what it has committed, and stand where it stood."""
        await self._commits.start()
        await self._restore()

    async def stop(self) -> None:
        """Give everything back; what is not committed was never done."""
        await self._close_intake()
        await self._commits.stop()

    async def _serve(self) -> None:
        while True:
            if not (len(self.intake) or self.life.owed or self._commits.errands.told(1)):
                await self.intake.wait(self._seconds_to_next_clock())
            self.intake.check()
            await self._turn()
            await self._rewriting.go_on(self._tools.broker_time.now_ms())
            self._strike_clocks()
            self._run_errands()

    async def _close_intake(self) -> None:
        for sending in (self._striking, self._running_errands):
            if sending is not None:
                sending.cancel()
                await asyncio.wait([sending])
        if self._intake is not None:
            await self._intake.close()

    async def _restore(self) -> None:
        place = self._place
        began = time.monotonic()
        base, found = await restore(self._tools.connection, place.topics, place.partition)
        position = (found or Position()).at_least(self._policy.feature_level)
        if self._is_serving:
            say_what_is_lost(place.partition, self.life.position, position)
        self._commits.life = Lifecycle(base, position, self._policy, place)
        self.life.owed.update(dict.fromkeys(all_sweeps(base)))
        self._commits.clocks = ClockKeeper(self._policy)
        self._commits.clocks.restore(base)
        self._rewriting = Rewriting(self._commits, self._policy)
        self._commits.errands = Errands()
        self._commits.errands.restore(base)
        self._commits.is_astray = False
        self._is_serving = True
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
        topics = self._place.topics
        names: dict[Lane, str] = {"stop": topics.stop_requests, "start": topics.start_requests}
        async with Visit(self._tools.connection) as visit:
            at: dict[Lane, int] = {
                lane: await self._first_of(lane, names[lane], visit) for lane in names
            }
        self._intake = Intake(self._tools.connection, names, self._place.partition, at)
        await self._intake.open()

    async def _first_of(self, lane: Lane, topic: str, visit: Visit) -> int:
        partition = self._place.partition
        due = self.life.position.of(lane).next
        first = (await visit.starts(topic))[partition]
        end = (await visit.ends(topic))[partition]
        if due > end:
            # The lane was made anew, or it is another cluster: nothing here fits together.
            raise OutOfRangeError(topic, partition, due, first, end)
        if first > due:
            # Retention took records that nobody has read: said loudly, never silently.
            _log.error("requests lost", lane=lane, first=due, last=first - 1)
            batch = self._commits.begin()
            batch.miss(lane, due, first - 1, self._tools.broker_time.now_ms())
            await self._commits.commit(batch)
        return max(due, first)

    async def _turn(self) -> None:
        batch = self._commits.begin()
        taken: list[Read] = []
        try:
            async with self._tools.turn.taken(lambda: self.intake.is_urgent):
                await self._decide(batch, taken)
                told = self._commits.errands.told(self._policy.sweep_chunk)
                batch.record_errands(told)
                owed = tuple(self.life.owed)
                swept = await sweeping.go_on(batch, owed, lambda: self._tools.turn.is_wanted)
            await self._commits.commit(batch, swept, told)
        except TransactionFailedError as error:
            _log.warning("a transaction failed and is tried again", error=str(error))
            await self._commits.start_again()
            await self._again(taken)
        except RecordTooLargeError as error:
            _log.warning("a batch is written one by one", error=str(error))
            await salvage(self._commits, taken)
        except (BrokerError, UnreadableStateError):
            raise
        except Exception:  # a bug for one record must not stop the partition
            if self._commits.is_astray:
                raise
            _log.exception("a batch failed and is decided again one by one")
            await salvage(self._commits, taken)

    async def _decide(self, batch: Batch, taken: list[Read]) -> None:
        began = yielded = now = time.monotonic()

        def spent() -> float:
            return max(batch.fullness, (now - began) / WORK_SECONDS)

        for read in self.intake.next(spent, lambda: self._tools.turn.is_wanted):
            taken.append(read)
            batch.take(read)
            now = time.monotonic()
            if now - yielded > YIELD_SECONDS:
                await asyncio.sleep(0)
                yielded = time.monotonic()

    async def _again(self, taken: list[Read]) -> None:
        """Decide the same records once more; if Kafka still refuses, find out which it is."""
        batch = self._commits.begin()
        for read in taken:
            batch.take(read)
        try:
            await self._commits.commit(batch)
        except TransactionFailedError:
            await self._commits.start_again()
            await salvage(self._commits, taken)

    def _seconds_to_next_clock(self) -> float:
        due_ms = self._commits.clocks.next_due_ms()
        if due_ms is None or self._is_striking:
            return IDLE_SECONDS
        remaining = (due_ms - self._tools.broker_time.now_ms()) / 1000
        return min(max(remaining, 0.0), IDLE_SECONDS)

    @property
    def _is_striking(self) -> bool:
        return self._striking is not None and not self._striking.done()

    def _strike_clocks(self) -> None:
        if self._is_striking:
            return
        struck = self._commits.clocks.strike(self._tools.broker_time.now_ms())
        if struck:
            # Nobody waits for this: what does not arrive is fired again until it shows.
            asking = self._tools.asking.ask(self._place.partition, struck)
            self._striking = asyncio.create_task(asking)
            self._striking.add_done_callback(self._struck)

    def _run_errands(self) -> None:
        """Send what other partitions have to be told: a chunk, and the next one after it."""
        if self._running_errands is not None and not self._running_errands.done():
            return
        taken = self._commits.errands.take(
            self.life.base, self._tools.broker_time.now_ms(), self._policy.sweep_chunk
        )
        if taken:
            self._running_errands = asyncio.create_task(self._send_errands(taken))

    async def _send_errands(self, taken: list[tuple[Errand, AnyRequest]]) -> None:
        errands, requests = [errand for errand, _ in taken], [request for _, request in taken]
        try:
            await self._tools.asking.ask_streams(requests, self._place.partitions)
        except BrokerError as error:
            _log.warning("other partitions are told later", error=str(error))
            await asyncio.sleep(AGAIN_SECONDS)
            self._commits.errands.fallen(errands)
        else:
            self._commits.errands.landed(errands)
        self.intake.nudge()

    def _struck(self, striking: "asyncio.Task[None]") -> None:
        if not striking.cancelled() and (error := striking.exception()) is not None:
            _log.warning("clocks could not be struck", error=str(error))
        self.intake.nudge()
