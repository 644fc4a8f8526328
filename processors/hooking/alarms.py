"""`Alarms`: what there is to tell of a partition, now, or when a cancellation is stuck.

A cancellation is stuck if it is not over five seconds after its deadline. That is a matter of the
broker's time alone: of the end's, or of what is the case when it is due and all that had happened
by then was read. So whoever was away meanwhile finds the same.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from rescind.events.hooks import HookEvent, HookKind
from rescind.events.journal import (
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
)
from rescind.kafka.records import Record
from rescind.processors.hooking.ledger import Item
from rescind.processors.hooking.lowest import Lowest
from rescind.processors.hooking.notices import MARKS, Notice, Teller, entry_of
from rescind.statemachine.clocks import STUCK_AFTER_MS

__all__ = ["Alarms", "Told"]

_ENDS: Final = (FlowCancelled, FlowFailed, FlowForgotten)


class Told(NamedTuple):
    """What follows from a record.

    Attributes:
        now: to be told at once, in this order.
        overdue: was stuck before this happened, so it is told first, whoever was away then.
        waits: may be stuck at that time.
        void: was to be told later, and is over in time.

    """

    now: tuple[Notice, ...] = ()
    overdue: Notice | None = None
    waits: tuple[Item, int] | None = None
    void: Item | None = None


class _Waiting(NamedTuple):
    """What a notice is made from, when it is due."""

    record: Record
    deadline_at: int

    @property
    def at(self) -> int:
        return self.deadline_at + STUCK_AFTER_MS

    @property
    def item(self) -> Item:
        return Item(self.record.offset, MARKS[HookKind.STUCK])


class Alarms:
    """Which cancellations of a partition are not over, and when each of them is stuck.

    Only those that are wanted: `wants` is asked once, with what would be told.
    """

    def __init__(self, wants: Callable[[HookEvent], bool]) -> None:
        self._wants = wants
        self._waiting: dict[str, _Waiting] = {}
        self._times = Lowest[str]()

    def read(self, record: Record) -> Told:
        """Take in the next record.

        Raises:
            UnknownEventError: a newer release has written what this one should understand.

        """
        entry = entry_of(record)
        if entry is None:
            return Told()
        before = self._waiting.get(entry.stream_id)
        match entry.event:
            case FlowCancelling(terms=terms):
                void = self._forget(entry.stream_id)
                waiting = _Waiting(record, terms.deadline_at)
                is_wanted = self._wants(_stuck(waiting, entry).event)
                waits = self._wait(entry.stream_id, waiting) if is_wanted else None
                return Told(Teller(record, entry).story(), waits=waits, void=void)
            case CancellationEscalated(deadline_at=deadline_at):
                if before is None:
                    return Told()
                if entry.at_ms > before.at:
                    self._forget(entry.stream_id)
                    return Told(overdue=_stuck(before))
                return Told(waits=self._wait(entry.stream_id, _Waiting(before.record, deadline_at)))
            case _:
                return self._ended(entry, Teller(record, entry).story(), before)

    def due(self, now_ms: int, most: int) -> list[Notice]:
        """What is stuck by now, in the order of its times; each is returned once.

        About so many at most, and all that are stuck since the same moment as the last.
        """
        found: list[Notice] = []
        while (first := self._times.first()) is not None and first[0] < now_ms:
            if len(found) >= most and first[0] > found[-1].event.at:
                break
            found.append(_stuck(self._waiting[first[1]]))
            self._forget(first[1])
        return found

    def first_at(self) -> int | None:
        """When the next one is stuck."""
        first = self._times.first()
        return None if first is None else first[0]

    def _wait(self, stream_id: str, waiting: _Waiting) -> tuple[Item, int]:
        self._waiting[stream_id] = waiting
        self._times.put(stream_id, waiting.at)
        return waiting.item, waiting.at

    def _forget(self, stream_id: str) -> Item | None:
        self._times.drop(stream_id)
        waiting = self._waiting.pop(stream_id, None)
        return None if waiting is None else waiting.item

    def _ended(self, entry: Entry, story: tuple[Notice, ...], before: _Waiting | None) -> Told:
        void = self._forget(entry.stream_id)
        if before is not None and isinstance(entry.event, _ENDS) and entry.at_ms > before.at:
            return Told(story, overdue=_stuck(before))
        return Told(story, void=void)


def _stuck(waiting: _Waiting, entry: Entry | None = None) -> Notice:
    entry = entry or entry_of(waiting.record)
    assert entry is not None
    return Teller(waiting.record, entry).notice(
        HookKind.STUCK, at=waiting.at, why="deadline", deadline_at=waiting.deadline_at
    )
