"""What a record of ``cancellations`` means for hooks: the events that they are told.

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
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowQuarantined,
    StreamKind,
)
from rescind.kafka.records import Record
from rescind.processors.hooking.ledger import Item

__all__ = ["MARKS", "Notice", "Teller", "entry_of"]

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


class Notice(NamedTuple):
    """Something to be told, and the record from which it follows."""

    item: Item
    event: HookEvent
    key: bytes | None
    traceparent: str | None = None
    """Of the event in the journal."""

    @property
    def partition(self) -> int:
        """Of the record."""
        assert self.event.position is not None
        return self.event.position.partition


class Teller:
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
        item = Item(record.offset, MARKS[kind])
        return Notice(item, event, record.key, entry.traceparent)

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


def entry_of(record: Record) -> Entry | None:
    """The entry of a record that may mean something, without the others being taken apart."""
    name = (record.header("ce_type") or b"").decode(errors="replace")
    if not name.startswith(_TYPES):
        return None
    try:
        entry = Entry.from_json(record.value or b"")
    except UnreadableEventError:
        return None
    # Task runs that are cancelled alone are nobody's flow run.
    is_of_flow = entry.stream_kind is StreamKind.FLOW and entry.task_run_id is None
    return entry if is_of_flow else None


def _about(record: Record) -> AboutFlow | None:
    value = record.header(ABOUT_HEADER)
    if value is None:
        return None
    try:
        return AboutFlow.model_validate_json(value)
    except ValidationError:
        return None


def _is_open(about: AboutFlow) -> bool:
    # `is_finished` needs the state machine's library, which who only retries a dead letter has not.
    return not about.state.startswith("Finished")
