"""What is being cancelled, and what was: read from the topic ``cancellations``.

Followed without a group by every process of agents, for the same reason as the runners. What
was cancelled stays here for a while, so that a runner which slept through all of it is told
when it wakes; until the flow run's id is forgotten, since what registers under it then is another.
Nothing is told before the topic was read to its end once: on the way there old lives look open.
"""

from collections import OrderedDict
from typing import Any, Final, NamedTuple

import structlog
from pydantic import ValidationError

from rescind.errors import UnknownEventError, UnreadableEventError
from rescind.events.intents import CancelFlow, CancelTask
from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationEscalated,
    CancellationSent,
    CancellationTerms,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
    FlowQuarantined,
    TaskCancellationTerms,
    TaskCancelled,
    TaskCancelling,
    TaskFailed,
    TaskSucceeded,
)
from rescind.events.words import Mode
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import starts
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames

__all__ = ["Cancelling", "Open"]

KEPT = 10_000
"""Ended cancellations that are remembered, the latest ones."""

# Nothing tells when the position passes a marker, so it is looked at.
CATCHING_UP_SECONDS: Final = 0.1
FOLLOWING_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)

_What = tuple[str, str | None]
"""A flow run, or one task run of it."""


class Open(NamedTuple):
    """A cancellation of a flow run that goes on; times in ms since 1970, by the broker's clock."""

    since_ms: int
    deadline_ms: int


class _Known:
    """One cancellation, and who is known to know of it."""

    def __init__(self, intent: CancelFlow | CancelTask, since_ms: int) -> None:
        self.intent = intent
        self.since_ms = since_ms
        self.holders: set[str] = set()
        """Of a task run: the runner that holds it. Of a flow run whoever serves it is told."""
        self.acknowledged: set[str] = set()

    def is_missed_by(self, runner_id: str) -> bool:
        concerned = isinstance(self.intent, CancelFlow) or runner_id in self.holders
        return concerned and runner_id not in self.acknowledged

    def take_in(self, event: object) -> None:
        match event:
            case CancellationSent():
                self.holders.update(event.runner_ids)
            case CancellationAcknowledged(last=True):
                self.acknowledged.add(event.runner_id)
            case CancellationEscalated():
                again = {
                    "mode": Mode.ABORT,
                    "grace_seconds": event.grace_seconds,
                    "deadline_at": event.deadline_at,
                }
                self.intent = self.intent.model_copy(update=again)
                self.acknowledged.clear()
            case _:
                pass


class Cancelling:
    """The intents of all cancellations that a runner might have missed.

    Attributes:
        is_current: whether all that had been said when following began was taken in, and nothing
            since was beyond this release. Only then is anything missed for certain.

    """

    def __init__(self) -> None:
        self.is_current = False
        self._known: dict[str, dict[str | None, _Known]] = {}
        self._over: OrderedDict[_What, None] = OrderedDict()

    def see(self, record: Record) -> None:
        """Take in one record of the topic; what is no event of ours is passed over.

        Raises:
            UnknownEventError: a newer release has written something that this one cannot read.

        """
        try:
            entry = Entry.from_json(record.value or b"")
        except UnreadableEventError:
            return
        what = (entry.stream_id, entry.task_run_id)
        match entry.event:
            case FlowCancelling(terms=terms) | TaskCancelling(terms=terms):
                self._drop(what)
                if (intent := _intent(entry, terms)) is not None:
                    of_flow_run = self._known.setdefault(what[0], {})
                    of_flow_run[what[1]] = _Known(intent, entry.at_ms)
            case FlowCancelled() | FlowFailed() | FlowQuarantined():
                for task_run_id in list(self._known.get(what[0], ())):
                    self._end((what[0], task_run_id))
            case TaskCancelled() | TaskSucceeded() | TaskFailed() as event:
                known = self._known.get(what[0], {}).get(what[1])
                if known is not None and entry.source is not None and event.runner_id:
                    # Its own report: there is nothing left to tell it.
                    known.acknowledged.add(event.runner_id)
                self._end(what)
            case FlowForgotten():
                self._forget(what[0])
            case event:
                known = self._known.get(what[0], {}).get(what[1])
                if known is not None:
                    known.take_in(event)

    def missed_by(self, runner_id: str, flow_run_ids: list[str]) -> list[CancelFlow | CancelTask]:
        """What a runner that still serves these flow runs does not seem to know."""
        return [
            known.intent
            for flow_run_id in flow_run_ids
            for known in self._known.get(flow_run_id, {}).values()
            if known.is_missed_by(runner_id)
        ]

    def open(self) -> list[Open]:
        """Flow runs that are being cancelled now."""
        return [
            Open(known.since_ms, known.intent.deadline_at)
            for flow_run_id, of_flow_run in self._known.items()
            if (known := of_flow_run.get(None)) and (flow_run_id, None) not in self._over
        ]

    async def follow(self, connection: Connection, topics: TopicNames) -> None:
        """Read the topic from its beginning, and go on until a newer release has written there.

        What cannot be read may take back what was read before. So from then on this process tells
        nobody of cancellations, and its log says why; heartbeats are still listened to.
        """
        try:
            await self._follow(connection, topics)
        except UnknownEventError as error:
            self.is_current = False
            _log.error("no more reminders of cancellations by this process", why=str(error))

    async def _follow(self, connection: Connection, topics: TopicNames) -> None:
        async with TopicFollower(
            connection, topics.cancellations, await starts(connection, topics.cancellations)
        ) as follower:
            behind = await follower.ends()
            while True:
                seconds = CATCHING_UP_SECONDS if behind else FOLLOWING_SECONDS
                for record in await follower.fetch(timeout_seconds=seconds):
                    self._see(record)
                behind = {p: end for p, end in behind.items() if await follower.position(p) < end}
                self.is_current = not behind

    def _see(self, record: Record) -> None:
        try:
            self.see(record)
        except UnknownEventError:
            raise
        except Exception:  # noqa: BLE001 - a bug for one flow run must not end the agents, for ever
            place = f"{record.partition}:{record.offset}"
            _log.exception("no runner is reminded of a flow run's cancellations", place=place)
            self._forget((record.key or b"").decode(errors="replace"))

    def _forget(self, flow_run_id: str) -> None:
        for task_run_id in list(self._known.get(flow_run_id, ())):
            self._drop((flow_run_id, task_run_id))

    def _end(self, what: _What) -> None:
        if what[1] not in self._known.get(what[0], {}):
            return
        self._over[what] = None
        while len(self._over) > KEPT:
            self._drop(next(iter(self._over)))

    def _drop(self, what: _What) -> None:
        self._over.pop(what, None)
        of_flow_run = self._known.get(what[0], {})
        of_flow_run.pop(what[1], None)
        if not of_flow_run:
            self._known.pop(what[0], None)


def _intent(
    entry: Entry, terms: CancellationTerms | TaskCancellationTerms
) -> CancelFlow | CancelTask | None:
    """What its runners are told; None: nobody can be told that, and it is nobody's flow run."""
    said: dict[str, Any] = {
        "flow_run_id": entry.stream_id,
        "cancellation_id": terms.cancellation_id,
        "mode": terms.mode,
        "grace_seconds": terms.grace_seconds,
        "deadline_at": terms.deadline_at,
        "reason": terms.reason,
        "actor": entry.actor,
        "traceparent": entry.traceparent,
    }
    try:
        if entry.task_run_id is None:
            return CancelFlow(**said)
        return CancelTask(task_run_id=entry.task_run_id, attempt=entry.attempt or 1, **said)
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]
        _log.error("no runner is reminded of a cancellation", event_id=entry.id, why=str(what))
        return None
