"""Which flow runs are being cancelled, and which were: read from the topic ``cancellations``.

Followed without a group by every process of agents, for the same reason as the runners. A flow
run that was cancelled stays here for a while, so that a runner which slept through all of it
is told when it wakes; until its id is forgotten, since what registers under it then is another.
Nothing is told before the topic was read to its end once: on the way there old lives look open.
"""

from collections import OrderedDict

from rescind.errors import JournalError
from rescind.events.intents import CancelFlow
from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
    FlowQuarantined,
)
from rescind.events.words import Mode
from rescind.kafka.connection import Connection
from rescind.kafka.readers import TopicFollower, starts
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames

__all__ = ["Cancelling"]

KEPT = 10_000
"""Ended cancellations that are remembered, the latest ones."""

# Nothing tells when the position passes a marker, so it is looked at.
CATCHING_UP_SECONDS = 0.1
FOLLOWING_SECONDS = 60.0


class Cancelling:
    """The intents of all cancellations that a runner might have missed.

    Attributes:
        is_current: whether all that had been said when following began was taken in.

    """

    def __init__(self) -> None:
        self.is_current = False
        self._open: dict[str, CancelFlow] = {}
        self._ended: OrderedDict[str, CancelFlow] = OrderedDict()
        self._acknowledged: dict[str, set[str]] = {}

    def see(self, record: Record) -> None:
        """Take in one record of the topic; what is no event of ours is passed over."""
        try:
            entry = Entry.from_json(record.value or b"")
        except JournalError:
            return
        flow_run_id = entry.stream_id
        match entry.event:
            case FlowCancelling() as event:
                terms = event.terms
                self._open[flow_run_id] = CancelFlow(
                    flow_run_id=flow_run_id,
                    cancellation_id=terms.cancellation_id,
                    mode=terms.mode,
                    grace_seconds=terms.grace_seconds,
                    deadline_at=terms.deadline_at,
                    reason=terms.reason,
                    actor=entry.actor,
                )
            case CancellationEscalated() as event if flow_run_id in self._open:
                self._open[flow_run_id] = self._open[flow_run_id].model_copy(
                    update={
                        "mode": Mode.ABORT,
                        "grace_seconds": event.grace_seconds,
                        "deadline_at": event.deadline_at,
                    }
                )
                self._acknowledged.pop(flow_run_id, None)
            case CancellationAcknowledged(last=True) as event if flow_run_id in self._open:
                self._acknowledged.setdefault(flow_run_id, set()).add(event.runner_id)
            case FlowCancelled() | FlowFailed() | FlowQuarantined():
                self._end(flow_run_id)
            case FlowForgotten():
                self._end(flow_run_id)
                self._ended.pop(flow_run_id, None)
            case _:
                pass

    def missed_by(self, runner_id: str, flow_run_ids: list[str]) -> list[CancelFlow]:
        """What a runner that still serves these flow runs does not seem to know."""
        missed: list[CancelFlow] = []
        for flow_run_id in flow_run_ids:
            intent = self._open.get(flow_run_id)
            if intent is None:
                intent = self._ended.get(flow_run_id)
            elif runner_id in self._acknowledged.get(flow_run_id, ()):
                continue
            if intent is not None:
                missed.append(intent)
        return missed

    async def follow(self, connection: Connection, topics: TopicNames) -> None:
        """Read the topic from its beginning, and go on for ever."""
        async with TopicFollower(
            connection, topics.cancellations, await starts(connection, topics.cancellations)
        ) as follower:
            behind = await follower.ends()
            while True:
                seconds = CATCHING_UP_SECONDS if behind else FOLLOWING_SECONDS
                for record in await follower.fetch(timeout_seconds=seconds):
                    self.see(record)
                behind = {p: end for p, end in behind.items() if await follower.position(p) < end}
                self.is_current = not behind

    def _end(self, flow_run_id: str) -> None:
        intent = self._open.pop(flow_run_id, None)
        self._acknowledged.pop(flow_run_id, None)
        if intent is not None:
            self._ended[flow_run_id] = intent
            while len(self._ended) > KEPT:
                self._ended.popitem(last=False)
