"""`Alarms`: what there is to tell of a partition, now, or when a cancellation is stuck.

A cancellation is stuck if it is not over five seconds after its deadline. That is a matter of the
broker's time alone: of the end's, or of what is the case when it is due and all that had happened
by then was read. So whoever was away meanwhile finds the same.
"""

from typing import Final, NamedTuple

from rescind.events.hooks import HookKind
from rescind.events.journal import (
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
)
from rescind.kafka.records import Record
from rescind.processors.hooking.notices import Notice, Teller, entry_of
from rescind.statemachine.clocks import STUCK_AFTER_MS

__all__ = ["Alarms", "Told"]

_ENDS: Final = (FlowCancelled, FlowFailed, FlowForgotten)


class Told(NamedTuple):
    """What follows from a record.

    Attributes:
        now: to be told at once, in this order.
        later: to be told when it is due, unless it is over by then.
        void: was to be told later, and is over in time.

    """

    now: tuple[Notice, ...] = ()
    later: tuple[Notice, ...] = ()
    void: tuple[Notice, ...] = ()


class Alarms:
    """Which cancellations of a partition are not over, and when each of them is stuck."""

    def __init__(self) -> None:
        self._waiting: dict[str, Notice] = {}

    def read(self, record: Record) -> Told:
        """Take in the next record.

        Raises:
            UnknownEventError: a newer release has written what this one should understand.

        """
        entry = entry_of(record)
        if entry is None:
            return Told()
        told = Teller(record, entry)
        before = self._waiting.get(entry.stream_id)
        match entry.event:
            case FlowCancelling(terms=terms):
                stuck = told.notice(
                    HookKind.STUCK,
                    at=terms.deadline_at + STUCK_AFTER_MS,
                    why="deadline",
                    deadline_at=terms.deadline_at,
                )
                self._waiting[entry.stream_id] = stuck
                return Told(told.story(), (stuck,), () if before is None else (before,))
            case CancellationEscalated(deadline_at=deadline_at):
                if before is not None:
                    self._waiting[entry.stream_id] = _moved(before, deadline_at)
                return Told()
            case _:
                return self._ended(entry, told, before)

    def due(self, now_ms: int) -> list[Notice]:
        """What is stuck by now; each is returned once."""
        found = [notice for notice in self._waiting.values() if notice.event.at < now_ms]
        for notice in found:
            del self._waiting[notice.event.flow_run_id or ""]
        return sorted(found, key=lambda notice: notice.event.at)

    def is_any_due(self, now_ms: int) -> bool:
        """Whether `due` would find something."""
        return any(notice.event.at < now_ms for notice in self._waiting.values())

    def _ended(self, entry: Entry, told: "Teller", before: Notice | None) -> Told:
        self._waiting.pop(entry.stream_id, None)
        if before is None:
            return Told(told.story())
        if isinstance(entry.event, _ENDS) and entry.at_ms > before.event.at:
            # It was stuck before it was over, whoever was away at that time.
            return Told((before, *told.story()))
        return Told(told.story(), (), (before,))


def _moved(notice: Notice, deadline_at: int) -> Notice:
    """The same alarm for another deadline."""
    later = {"at": deadline_at + STUCK_AFTER_MS, "deadline_at": deadline_at}
    return notice._replace(event=notice.event.model_copy(update=later))
