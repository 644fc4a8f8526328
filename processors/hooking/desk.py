"""`Desk`: what one hook has of the partitions that are served here: what is open, due, to be told.

Pure but for the lanes, which it hands what is to be told; the courier brings records and the time,
and keeps what is to be kept.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rescind.events.hooks import HookEvent
from rescind.kafka.records import Record
from rescind.processors.hooking.alarms import Alarms
from rescind.processors.hooking.lanes import Lanes
from rescind.processors.hooking.ledger import Ledger, Saved
from rescind.processors.hooking.notices import Notice
from rescind.settings.hooks import Hook

__all__ = ["Desk"]

STRIKES_AT_ONCE: Final = 200
"""Thousands may be stuck since their worker is away, and the agents' loop must go on."""


class Desk:
    """One hook and some partitions, each begun at what was saved of it."""

    def __init__(self, hook: Hook, saved: Mapping[int, Saved]) -> None:
        self.lanes: Lanes | None = None
        self._hook = hook
        self._ledgers = {partition: Ledger(each) for partition, each in saved.items()}
        self._alarms = {partition: Alarms(self._wants) for partition in saved}
        self._kept = dict(saved)

    def read(self, record: Record) -> None:
        """Take in the next record of a partition.

        Raises:
            UnknownEventError: a newer release has written what this one should understand.

        """
        told = self._alarms[record.partition].read(record)
        ledger = self._ledgers[record.partition]
        if told.void is not None:
            ledger.end(told.void)
        if told.waits is not None:
            item, at_ms = told.waits
            ledger.wait(item, at_ms, record.offset)
        if told.overdue is not None:
            self._raise(told.overdue, record.offset)
        for notice in told.now:
            if self._wants(notice.event) and ledger.is_due(notice.item):
                self._tell(notice)

    @property
    def partitions(self) -> Iterable[int]:
        """Those that are served here."""
        return self._ledgers.keys()

    def read_up_to(self, partition: int, offset: int) -> None:
        """All records of a partition before this one were taken in."""
        self._ledgers[partition].read_up_to(offset)

    def due(self, now_ms: int) -> set[int]:
        """The partitions in which somebody is stuck by now, if nothing is unread there."""
        firsts = ((p, alarms.first_at()) for p, alarms in self._alarms.items())
        return {p for p, at in firsts if at is not None and at < now_ms}

    def strike(self, partition: int, now_ms: int) -> None:
        """Tell of some of those; all that had happened by then was taken in."""
        alarms = self._alarms[partition]
        for notice in alarms.due(now_ms, STRIKES_AT_ONCE):
            self._raise(notice)
        next_at = alarms.first_at()
        self._ledgers[partition].strike(now_ms if next_at is None else min(now_ms, next_at))

    def ended(self, notice: Notice) -> None:
        """It was taken, or is a dead letter."""
        self._ledger(notice).end(notice.item)

    def to_keep(self, *, all_of_it: bool) -> dict[int, Saved]:
        """What Kafka is to keep, without what it has already unless that is wanted."""
        now = {partition: ledger.saved() for partition, ledger in self._ledgers.items()}
        return now if all_of_it else {p: s for p, s in now.items() if s != self._kept.get(p)}

    def kept(self, saved: Mapping[int, Saved]) -> None:
        """Kafka has these."""
        self._kept.update(saved)

    def behind(self, heard: Mapping[int, int]) -> int:
        """How many records there are from the first with something open on, of these partitions."""
        begins = ((p, ledger.first_open()) for p, ledger in self._ledgers.items())
        return sum(max(heard.get(p, 0) - offset, 0) for p, offset in begins)

    def _raise(self, notice: Notice, by: int | None = None) -> None:
        """Tell of somebody who is stuck, if that was not done before this began."""
        ledger = self._ledger(notice)
        if ledger.is_alarm_due(notice.item, notice.event.at, by):
            self._tell(notice)
        else:
            ledger.end(notice.item)

    def _tell(self, notice: Notice) -> None:
        assert self.lanes is not None
        self._ledger(notice).begin(notice.item)
        self.lanes.put(notice)

    def _wants(self, event: HookEvent) -> bool:
        fits = event.fits(self._hook.namespaces, self._hook.labels)
        return event.type in self._hook.events and fits

    def _ledger(self, notice: Notice) -> Ledger:
        return self._ledgers[notice.partition]
