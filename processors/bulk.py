"""The agent that sweeps bulk cancellations: it counts drafts, and asks flow run by flow run.

Each flow run is asked by a ``flow.cancel`` like any other, whose id is made of the bulk
cancellation's and its own. What came of a part is reported before the next part is asked, and the
cursor moves with the report: so after a kill a part is asked again at most, which answers
``duplicate`` and changes nothing. Who sweeps is who has the partition of the topic
``cancellations``; two that do at once ask the same, and one of their reports is refused. The agent
never raises: an exception that leaves a Faust agent acknowledges the event and loses it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from rescind.asking.line import Line
from rescind.errors import BrokerError, JournalError, NoAnswerError
from rescind.events.bulk import SAMPLES_MAX, BulkItem, Cut
from rescind.events.journal import Entry, RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import BulkCount, BulkProgress, FlowCancel
from rescind.events.words import Actor
from rescind.kafka.partitions import partition_of
from rescind.processors.measuring.agents import AgentMeters
from rescind.processors.on_faust.committed import CommittedApp
from rescind.processors.shared.tools import Asking
from rescind.processors.watching.bulks import Bulks
from rescind.processors.watching.meant import Meant, Place, read_meant
from rescind.processors.watching.pace import Pace
from rescind.processors.watching.tracing import BulkTrace, answered, begun_by
from rescind.statemachine.runs import Bulk
from rescind.tracing.lines import about

__all__ = ["Sweeper", "add_bulk", "item_of"]

LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 1.0
COUNTS_AT_ONCE: Final = 2
ACTOR: Final = Actor(kind="service", id="bulk")

# States in which there is something to do here.
_AT_WORK: Final = frozenset({"Draft", "Running"})

_log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps the bulk cancellations of the partitions that this process has."""

    def __init__(self, asking: Asking, partitions: int) -> None:
        self.bulks = Bulks()
        self._asking = asking
        self._partitions = partitions
        self._sweeps: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[str] = set()
        self._woken = asyncio.Event()

    def hear(self, partition: int, value: bytes | None) -> None:
        """Take in a record of ``cancellations``; most are about flow runs."""
        if value is None or b'"type":"bulk.' not in value:
            return
        try:
            entry = Entry.from_json(value)
        except JournalError as error:
            _log.error("a bulk cancellation is left to a newer release", why=str(error))
            return
        self.bulks.hear(partition, entry)
        self._woken.set()

    async def serve(self, mine: Callable[[], set[int]]) -> None:
        """Sweep, for ever, what is in the partitions that `mine` names."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._look(mine())
                except Exception:  # noqa: BLE001 - as for one sweep
                    _log.exception("bulk cancellations are looked for later")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
        finally:
            await self._end(list(self._sweeps))

    async def _look(self, mine: set[int]) -> None:
        for partition in sorted(self.bulks.look_after(mine)):
            try:
                await self.bulks.read(self._asking.connection, self._asking.topics, partition)
            except BrokerError as error:
                _log.warning("bulk cancellations are looked for later", error=str(error))
        self._sweeps = {key: task for key, task in self._sweeps.items() if not task.done()}
        await self._end([bulk_id for bulk_id in self._sweeps if not self.bulks.get(bulk_id)])
        for bulk in sorted(self.bulks.all(), key=lambda bulk: (bulk.created_ms, bulk.bulk_id)):
            if bulk.bulk_id not in self._sweeps and self._may_begin(bulk):
                with about(bulk_id=bulk.bulk_id):
                    sweep = asyncio.create_task(
                        self._sweep(bulk.bulk_id), name=f"bulk-{bulk.bulk_id}"
                    )
                sweep.add_done_callback(lambda _: self._woken.set())
                self._sweeps[bulk.bulk_id] = sweep

    def _may_begin(self, bulk: Bulk) -> bool:
        """Anybody may describe one, and each count looks at every flow run: so only few at once."""
        if bulk.state != "Draft":
            return bulk.state == "Running"
        known = (self.bulks.get(bulk_id) for bulk_id in self._sweeps)
        return sum(each is not None and each.state == "Draft" for each in known) < COUNTS_AT_ONCE

    async def _end(self, bulk_ids: Sequence[str]) -> None:
        ended = {bulk_id: self._sweeps.pop(bulk_id) for bulk_id in bulk_ids}
        for bulk_id, task in ended.items():
            # What is on its way out has connections to close.
            if bulk_id not in self._leaving:
                task.cancel()
        if ended:
            await asyncio.wait(ended.values())

    async def _sweep(self, bulk_id: str) -> None:
        tools = self._asking
        try:
            async with Line(tools.connection, tools.topics, tools.signing_keys) as line:
                try:
                    await self._go_on(bulk_id, line)
                finally:
                    self._leaving.add(bulk_id)
        except (BrokerError, NoAnswerError) as error:
            _log.warning("a bulk cancellation goes on later", error=str(error))
            await asyncio.sleep(AGAIN_SECONDS)
        except Exception:  # noqa: BLE001 - a bug here must not end the agents; it is tried again
            _log.exception("a bulk cancellation could not go on")
            await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._leaving.discard(bulk_id)

    async def _go_on(self, bulk_id: str, line: Line) -> None:
        """Count or ask, until it has to wait for somebody or is over."""
        tools, partitions = self._asking, self._partitions
        while (bulk := self.bulks.get(bulk_id)) is not None and bulk.state in _AT_WORK:
            meant = await read_meant(tools.connection, tools.topics, partitions, bulk.where)
            if bulk.state == "Draft":
                await self._count(bulk, meant, line)
                continue
            partition = partition_of(bulk_id, partitions)
            above = await begun_by(tools.connection, tools.topics, partition, bulk)
            with BulkTrace(bulk_id, above) as trace:
                await self._ask_all(bulk, meant, line, trace)

    async def _count(self, bulk: Bulk, meant: Meant, line: Line) -> None:
        places = meant.counted()
        request = BulkCount(
            request_id=f"bulk-count/{bulk.bulk_id}/{bulk.created_id}",
            actor=ACTOR,
            bulk_id=bulk.bulk_id,
            count=len(places),
            samples=tuple(place.flow_run_id for place in places[:SAMPLES_MAX]),
            cut=tuple(Cut(partition=p, until=at) for p, at in sorted(meant.latest.items())),
        )
        await self._report(request, line)

    async def _ask_all(self, bulk: Bulk, meant: Meant, line: Line, trace: BulkTrace) -> None:
        """Ask those that have not had their turn, a part at a time, as long as it is Running."""
        cut = {each.partition: each.until for each in bulk.cut}
        places = meant.due(bulk)
        pace = Pace(bulk.runs_per_second)
        for first in range(0, len(places), pace.chunk):
            part = places[first : first + pace.chunk]
            await asyncio.sleep(pace.wait_seconds(len(part), time.monotonic()))
            now = self.bulks.get(bulk.bulk_id)
            if now is None or now.state != "Running":
                return
            asked = [self._ask(bulk, place, cut, line, trace) for place in part]
            items = await asyncio.gather(*asked)
            if not await self._tell(now, line, tuple(items), part[-1]):
                return
        now = self.bulks.get(bulk.bulk_id)
        if now is not None and now.state == "Running":
            await self._tell(now, line)

    async def _ask(
        self, bulk: Bulk, place: Place, cut: dict[int, int], line: Line, trace: BulkTrace
    ) -> BulkItem:
        request = FlowCancel(
            request_id=f"bulk/{bulk.bulk_id}/{place.flow_run_id}",
            actor=ACTOR,
            flow_run_id=place.flow_run_id,
            reason=bulk.reason,
            mode=bulk.mode,
            grace_seconds=bulk.grace_seconds,
            deadline_seconds=bulk.deadline_seconds,
            cascade=bulk.cascade,
            bulk_id=bulk.bulk_id,
            registered_until=cut[place.partition],
        )
        with trace.asking(place.flow_run_id) as span:
            answer = await line.ask(request, within_seconds=ANSWER_SECONDS)
            answered(span, answer)
        return item_of(answer)

    async def _tell(
        self, bulk: Bulk, line: Line, items: tuple[BulkItem, ...] = (), last: Place | None = None
    ) -> bool:
        """What came of a part; without one, that none is left. Whether that was still its turn."""
        done = "" if last is None else last.flow_run_id
        request = BulkProgress(
            request_id=f"bulk-progress/{bulk.bulk_id}/{bulk.version}/{done}",
            actor=ACTOR,
            bulk_id=bulk.bulk_id,
            after=bulk.cursor,
            items=items,
            cursor=None if last is None else last.cursor,
            last=last is None,
        )
        return await self._report(request, line)

    async def _report(self, request: BulkCount | BulkProgress, line: Line) -> bool:
        answer = await line.ask(request, within_seconds=ANSWER_SECONDS)
        partition = answer.source.partition if answer.source is not None else 0
        is_refused = isinstance(answer.event, RequestRefused)
        if is_refused or not self.bulks.hear(partition, answer):
            # Somebody has held it up meanwhile, or another process has told of this part.
            await self.bulks.read(self._asking.connection, self._asking.topics, partition)
        return not is_refused


def item_of(answer: Entry) -> BulkItem:
    """What came of a cancel, by the event or refusal that answers it."""
    event, flow_run_id = answer.event, answer.stream_id
    if not isinstance(event, RequestRefused):
        return BulkItem(flow_run_id=flow_run_id, event_id=answer.id)
    if event.code is Code.DUPLICATE:
        # It was asked by this bulk cancellation before a restart, and had its effect then.
        return BulkItem(flow_run_id=flow_run_id, event_id=event.first or answer.id)
    return BulkItem(flow_run_id=flow_run_id, code=event.code, event_id=answer.id)


def add_bulk(app: CommittedApp, tools: Asking, sweeper: Sweeper, meters: AgentMeters) -> None:
    """Put the agent and what it sweeps by on the app."""
    topic = tools.topics.cancellations
    cancellations = app.topic(topic, value_type=bytes, value_serializer="raw")

    @app.agent(cancellations, concurrency=1, name="bulk")
    async def hear(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            meters.read(topic, message.partition, message.offset)
            sweeper.hear(message.partition, event.value)

    @app.task
    async def sweep() -> None:
        await sweeper.serve(
            lambda: {tp.partition for tp in app.consumer.assignment() if tp.topic == topic}
        )
