"""`Courier`: one hook. It reads ``cancellations`` for itself, and no other hook waits for it.

It serves the partitions that the agents' group gives to this process, and begins anew whenever
those are others: at what Kafka keeps of the hook, or, of a hook that Kafka knows nothing of, at
what comes next. Kafka hears at most twice a second what was taken; killed in between, what was
taken since is told again, under the same id.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from rescind.errors import RescindError, UnknownEventError
from rescind.kafka.reading.keeping import KeptFollower, kept_positions
from rescind.kafka.reading.visits import Visit
from rescind.kafka.records import Record
from rescind.processors.hooking.desk import Desk
from rescind.processors.hooking.lanes import Lanes
from rescind.processors.hooking.ledger import Saved, begun_at
from rescind.processors.hooking.letters import hook_letter
from rescind.processors.hooking.notices import Notice
from rescind.processors.hooking.tries import Target, Try
from rescind.processors.measuring.hooks import HookMeters
from rescind.processors.shared.broker_time import BrokerTime
from rescind.processors.shared.tools import Asking
from rescind.settings.hooks import Hook

__all__ = ["Courier", "Means"]

LOOK_SECONDS: Final = 0.5
STRIKE_SECONDS: Final = 0.05
KEEP_SECONDS: Final = 0.5
# Kafka forgets a group that nothing was written to for a week; some are told to be quicker.
KEEP_AGAIN_SECONDS: Final = 600.0
AGAIN_SECONDS: Final = 5.0
OF_A_NEWER_RELEASE_SECONDS: Final = 60.0
PENDING_MAX: Final = 1_000
"""So much is read ahead of what was taken: what fails for one flow run must not stop others."""
FETCH_RECORDS: Final = 200

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What the couriers of one process share.

    Attributes:
        heard: for each partition, the offset after the last record that the agent has heard.

    """

    tools: Asking
    broker_time: BrokerTime
    meters: HookMeters
    heard: dict[int, int] = field(default_factory=dict[int, int])


class Courier:
    """Brings one hook what there is to tell. ``mine`` names the partitions of this process."""

    def __init__(
        self,
        name: str,
        hook: Hook,
        target: Target,
        means: Means,
        group: str | None = None,
    ) -> None:
        self.name = name
        self._hook = hook
        self._target = target
        self._tools = means.tools
        self._broker_time = means.broker_time
        self._meters = means.meters
        self._heard = means.heard
        self._group = group or means.tools.topics.hook_group(name)
        self._meters.begins(name)
        self._keeps = True

    async def serve(self, mine: Callable[[], set[int]]) -> None:
        """Do that for ever. It never raises: what is wrong is logged, and tried again."""
        try:
            while True:
                if partitions := mine():
                    await self._try_to_serve(partitions, mine)
                else:
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._target.close()

    async def _try_to_serve(self, partitions: set[int], mine: Callable[[], set[int]]) -> None:
        seconds = AGAIN_SECONDS
        try:
            await self._serve(partitions, mine)
        except UnknownEventError as error:
            _log.error("a hook waits for a newer release", hook=self.name, why=str(error))
            seconds = OF_A_NEWER_RELEASE_SECONDS
        except RescindError as error:
            _log.warning("a hook goes on later", hook=self.name, error=str(error))
        except Exception:  # noqa: BLE001 - a bug here must not end the agents; it is tried again
            _log.exception("a hook could not go on", hook=self.name)
        else:
            return
        await asyncio.sleep(seconds)

    async def _serve(self, partitions: set[int], mine: Callable[[], set[int]]) -> None:
        connection, topics = self._tools.connection, self._tools.topics
        topic, group = topics.cancellations, self._group
        saved = await self._saved(partitions)
        desk = Desk(self._hook, saved)
        positions = {partition: each.offset for partition, each in saved.items()}
        async with KeptFollower(connection, group, topic, positions) as follower:
            await self._keep(desk, follower, all_of_it=True)
            lanes = Lanes(
                self.name,
                self._target,
                self._hook.retry_seconds,
                desk.ended,
                self._bury,
                self._meters,
                self._broker_time.now_ms,
            )
            desk.lanes = lanes
            keeping = asyncio.create_task(self._go_on_keeping(desk, follower))
            try:
                while mine() == partitions and not keeping.done():
                    await self._read(desk, lanes, follower)
                if keeping.done():
                    keeping.result()
            finally:
                await _ended(keeping)
                await lanes.close()
                await self._keep(desk, follower, all_of_it=False)
                self._meters.begins(self.name)

    async def _saved(self, partitions: set[int]) -> dict[int, Saved]:
        """Where to begin."""
        connection, topics = self._tools.connection, self._tools.topics
        topic = topics.cancellations
        kept = await kept_positions(connection, self._group, topic, partitions)
        async with Visit(connection) as visit:
            starts, ends = await visit.starts(topic), await visit.ends(topic)
        saved: dict[int, Saved] = {}
        for partition in sorted(partitions):
            if partition not in kept:
                saved[partition] = Saved(ends[partition])
                # Nothing is wrong with a new one. Of any other, events were lost.
                _log.warning(
                    "a hook begins with what comes next", hook=self.name, partition=partition
                )
                continue
            saved[partition] = found = Saved(*kept[partition])
            if not starts[partition] <= found.offset <= ends[partition]:
                saved[partition] = (
                    begun_at(found, starts[partition])
                    if found.offset < starts[partition]
                    else Saved(ends[partition])
                )
                _log.error(
                    "what a hook has not been told of is not kept any more",
                    hook=self.name,
                    partition=partition,
                    expected=found.offset,
                    first=saved[partition].offset,
                )
        return saved

    async def _read(self, desk: Desk, lanes: Lanes, follower: KeptFollower) -> None:
        """Take in what has come, or wait for a moment."""
        self._look(desk, lanes)
        if lanes.pending >= PENDING_MAX:
            await lanes.until_fewer_than(PENDING_MAX, LOOK_SECONDS)
            return
        seconds = STRIKE_SECONDS if desk.due(self._broker_time.now_ms()) else LOOK_SECONDS
        records = await follower.fetch(max_records=FETCH_RECORDS, timeout_seconds=seconds)
        for record in records:
            self._take_in(desk, record)
        for partition in desk.partitions:
            # Past the marker that ends a transaction, which no record shows.
            desk.read_up_to(partition, await follower.position(partition))
        await self._strike(desk, follower)

    def _take_in(self, desk: Desk, record: Record) -> None:
        try:
            desk.read(record)
        except UnknownEventError:
            raise
        except Exception:  # noqa: BLE001 - a bug for one record must not keep the rest from the hook
            place = f"{record.partition}:{record.offset}"
            _log.exception("a hook is not told of a record", hook=self.name, place=place)
        desk.read_up_to(record.partition, record.offset + 1)

    def _look(self, desk: Desk, lanes: Lanes) -> None:
        """Say how it stands."""
        oldest_ms = lanes.oldest_ms()
        waits_ms = 0 if oldest_ms is None else max(self._broker_time.now_ms() - oldest_ms, 0)
        self._meters.stands(self.name, lanes.pending, waits_ms / 1000, desk.behind(self._heard))

    async def _strike(self, desk: Desk, follower: KeptFollower) -> None:
        now_ms = self._broker_time.now_ms()
        due = desk.due(now_ms)
        if not due:
            return
        ends = await follower.ends()
        for partition in sorted(due):
            position = await follower.position(partition)
            # Else the end may lie there already, from before it was stuck.
            if position >= ends[partition]:
                desk.strike(partition, now_ms)

    async def _go_on_keeping(self, desk: Desk, follower: KeptFollower) -> None:
        again_at = time.monotonic() + KEEP_AGAIN_SECONDS
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            all_of_it = time.monotonic() >= again_at
            if all_of_it:
                again_at = time.monotonic() + KEEP_AGAIN_SECONDS
            await self._keep(desk, follower, all_of_it=all_of_it)

    async def _keep(self, desk: Desk, follower: KeptFollower, *, all_of_it: bool) -> None:
        """What is not kept now is kept later, or told again."""
        saved = desk.to_keep(all_of_it=all_of_it)
        if not saved:
            return
        try:
            await follower.keep(saved)
        except RescindError as error:
            if self._keeps:
                _log.warning("what a hook takes is kept later", hook=self.name, error=str(error))
            self._keeps = False
        else:
            desk.kept(saved)
            self._keeps = True

    async def _bury(self, notice: Notice, answer: Try, tries: int) -> None:
        letter = hook_letter(self.name, notice, answer, tries, self._tools.topics)
        sent = await self._tools.sender.send(letter)
        _log.error(
            "a hook has not taken an event: it is a dead letter",
            hook=self.name,
            event_id=notice.event.id,
            place=f"{sent.partition}:{sent.offset}",
            why=answer.why_not,
        )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
