"""Records of the journal with their places: as entries, or with the reason why they are none.

What cannot be read is kept and shown, and stops nothing. If it may have changed a state, as an
event of a newer release does, its stream stands still from there on: a state that was folded past
it would be a guess.
"""

from typing import Any, Final, NamedTuple

import orjson

from rescind.errors import JournalError, UnknownEventError
from rescind.events.journal import Entry, RequestRefused
from rescind.events.words import StreamKind
from rescind.kafka.records import Record

__all__ = ["Placed", "Stream", "event_row", "gone", "place", "plain"]

Stream = tuple[StreamKind, str, int]
"""The kind of a stream, its id, and its partition."""

_ID_CHARACTERS_MAX: Final = 128
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


class Placed(NamedTuple):
    """One record: its entry, or else what is known of it."""

    record: Record
    entry: Entry | None
    error: str | None = None
    halts: Stream | None = None
    """The stream whose state is not known any more after it."""

    @property
    def stream(self) -> Stream | None:
        """The stream that its entry is of."""
        if self.entry is None:
            return self.halts
        return self.entry.stream_kind, self.entry.stream_id, self.record.partition


def place(record: Record) -> Placed:
    """Read a record; what is no entry is told why."""
    try:
        return Placed(record, Entry.from_json(record.value or b""))
    except UnknownEventError as error:
        return Placed(record, None, str(error), _stream_of(record))
    except JournalError as error:
        return Placed(record, None, str(error))


def _stream_of(record: Record) -> Stream | None:
    """Which stream an event of a newer release moves, if it moves one."""
    body: Any = orjson.loads(record.value or b"{}")
    if body.get("version") is None:
        return None
    for kind in (StreamKind.FLOW, StreamKind.RUNNER, StreamKind.BULK):
        stream_id = body.get(kind.value)
        if isinstance(stream_id, str) and len(stream_id) <= _ID_CHARACTERS_MAX:
            return kind, stream_id, record.partition
    return None


def gone(journal: str, partition: int, first: int, upto: int) -> Placed:
    """What is told in the place of records that the journal does not keep any more."""
    record = Record(journal, partition, first, 0, None, None, ())
    why = f"the journal does not keep its records from offset {first} to before {upto} any more"
    return Placed(record, None, why)


def event_row(placed: Placed, at_ms: int) -> dict[str, Any]:
    """The row of a record in `events`; ``at_ms`` is for one that says no time that can be read."""
    record, entry = placed.record, placed.entry
    row: dict[str, Any] = {
        "partition": record.partition,
        "offset": record.offset,
        "at_ms": at_ms,
        "stream_kind": None,
        "stream_id": None,
        "task_run_id": None,
        "type": None,
        "code": None,
        "value": record.value,
        "error": None if placed.error is None else plain(placed.error),
    }
    if entry is not None:
        row["at_ms"] = entry.at_ms
        row["stream_kind"] = entry.stream_kind.value
        # An id, but for a partition's, which only its writer bounds.
        row["stream_id"] = plain(entry.stream_id)[:_ID_CHARACTERS_MAX]
        row["task_run_id"] = entry.task_run_id
        row["type"] = entry.event.type
        if isinstance(entry.event, RequestRefused):
            row["code"] = entry.event.code.value
    elif placed.halts is not None:
        row["stream_kind"], row["stream_id"] = placed.halts[0].value, plain(placed.halts[1])
    return row


def plain(text: str) -> str:
    """The text as every database takes it: PostgreSQL has no NUL in a text."""
    return text.replace("\0", _REPLACEMENT)
