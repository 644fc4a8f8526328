"""What a record of ``cancellations`` means for hooks: what is to be told, now or when it is due.

Nothing else is looked at, so whoever reads the same records tells the same. An event of a newer
release stops the reader if it is of a kind that it should understand: told too late is better
than never.
"""

from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from rescind.errors import UnreadableEventError
from rescind.events.cancellations import ABOUT_HEADER, AboutFlow
from rescind.events.hooks import HookEvent, HookKind, HookPlace, hook_event_id
from rescind.events.journal import (
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
    FlowQuarantined,
)
from rescind.kafka.records import Record
from rescind.processors.hooking.ledger import Item
from rescind.statemachine.clocks import STUCK_AFTER_MS

__all__ = ["MARKS", "Alarms", "Notice", "Told"]

MARKS: Final = {
    HookKind.CANCELLING: "b",
    HookKind.CANCELLED: "e",
    HookKind.FAILED: "f",
    HookKind.STUCK: "s",
    HookKind.UNCONFIRMED: "u",
}

_TYPES: Final = (
    "flow.cancelling.",
    "flow.cancelled.",
    "flow.failed.",
    "flow.quarantined.",
    "flow.forgotten.",
    "cancellation.escalated.",
)
_ENDS: Final = (FlowCancelled, FlowFailed, FlowForgotten)


class Notice(NamedTuple):
    """Something to be told, and the record from which it follows."""

    item: Item
    event: HookEvent
    key: bytes | None

    @property
    def partition(self) -> int:
        """Of the record."""
        assert self.event.position is not None
        return self.event.position.partition


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
    """Which cancellations of a partition are not over, and when each of them is stuck.

    That is a matter of the broker's time alone: of the end's, or of what is the case when it is
    due and all that had happened by then was read.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Notice] = {}

    def read(self, record: Record) -> Told:
        """Take in the next record.

        Raises:
            UnknownEventError: a newer release has written what this one should understand.

        """
        entry = _entry(record)
        if entry is None:
            return Told()
        told = _Teller(record, entry)
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

    def _ended(self, entry: Entry, told: "_Teller", before: Notice | None) -> Told:
        self._waiting.pop(entry.stream_id, None)
        if before is None:
            return Told(told.story())
        if isinstance(entry.event, _ENDS) and entry.at_ms > before.event.at:
            # It was stuck before it was over, whoever was away at that time.
            return Told((before, *told.story()))
        return Told(told.story(), (), (before,))


class _Teller:
    """Makes notices of one record."""

    def __init__(self, record: Record, entry: Entry) -> None:
        self._record = record
        self._entry = entry
        self._about = _about(record)

    def story(self) -> tuple[Notice, ...]:
        """What has happened by it."""
        match self._entry.event:
            case FlowCancelling(terms=terms):
                said = {"deadline_at": terms.deadline_at, "named_end": terms.named_end}
                return (self.notice(HookKind.CANCELLING, **said),)
            case FlowCancelled(account=account):
                return self._ends(HookKind.CANCELLED, account, "cancelled")
            case FlowFailed(account=account, end=end) if account is not None:
                return self._ends(HookKind.FAILED, account, end)
            case FlowQuarantined() if self._about is None or _is_open(self._about):
                return (self.notice(HookKind.STUCK, why="quarantine"),)
            case _:
                return ()

    def notice(self, kind: HookKind, **said: Any) -> Notice:
        entry, record = self._entry, self._record
        event = HookEvent(
            **{
                "id": hook_event_id(entry.id, kind),
                "type": kind,
                "at": entry.at_ms,
                "flow_run_id": entry.stream_id,
                "version": entry.version,
                "event_id": entry.id,
                "position": HookPlace(partition=record.partition, offset=record.offset),
                **self._of_flow(),
                **said,
            }
        )
        return Notice(Item(record.offset, MARKS[kind]), event, record.key)

    def _ends(self, kind: HookKind, account: Any, named_end: str) -> tuple[Notice, ...]:
        said = {"account": account, "named_end": named_end}
        is_body_seen = self._about is None or not self._about.body_unconfirmed
        if not account.unconfirmed and is_body_seen:
            return (self.notice(kind, **said),)
        return (self.notice(kind, **said), self.notice(HookKind.UNCONFIRMED, **said))

    def _of_flow(self) -> dict[str, Any]:
        """What is said of the flow run beside the event; of an earlier release only the event."""
        if (about := self._about) is not None:
            said = dict(about.__dict__)
            del said["state"]
            return said
        match self._entry.event:
            case FlowCancelling(terms=terms):
                kept = {"cancellation_id", "reason", "mode", "bulk_id"}
                found: dict[str, Any] = {name: getattr(terms, name) for name in kept}
                return found | {"actor": self._entry.actor}
            case FlowCancelled() as event:
                kept = {"cancellation_id", "reason", "mode", "bulk_id"}
                return {name: getattr(event, name) for name in kept}
            case _:
                return {}


def _entry(record: Record) -> Entry | None:
    """The entry of a record that may mean something, without the others being taken apart."""
    name = (record.header("ce_type") or b"").decode(errors="replace")
    if not name.startswith(_TYPES):
        return None
    try:
        entry = Entry.from_json(record.value or b"")
    except UnreadableEventError:
        return None
    # Task runs that are cancelled alone are nobody's flow run.
    return entry if entry.task_run_id is None else None


def _about(record: Record) -> AboutFlow | None:
    value = record.header(ABOUT_HEADER)
    if value is None:
        return None
    try:
        return AboutFlow.model_validate_json(value)
    except ValidationError:
        return None


def _is_open(about: AboutFlow) -> bool:
    return not about.state.startswith("Finished")


def _moved(notice: Notice, deadline_at: int) -> Notice:
    """The same alarm for another deadline."""
    later = {"at": deadline_at + STUCK_AFTER_MS, "deadline_at": deadline_at}
    return notice._replace(event=notice.event.model_copy(update=later))
