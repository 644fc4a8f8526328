"""One record of the journal: an event in its envelope.

Who asked, which record of which lane caused it, how manieth of how many outcomes it is: with
that alone anyone can check that every request has exactly one outcome and that none is missing.
An event that no request caused names its `cause`, the id of the event that led to it.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from rescind.errors import JournalError, UnknownEventError, UnreadableEventError
from rescind.events.journal.envelope import Envelope, SourceRecord
from rescind.events.journal.union import AnyEvent, event_adapter
from rescind.events.journal.upcast import UPCASTERS, Upcaster, upcast
from rescind.events.moments import moment_to_text
from rescind.events.requests.base import Lane
from rescind.events.words import Actor, StreamKind

__all__ = ["Entry", "Source", "StreamKind"]

_STREAM_KEYS: Final = frozenset(StreamKind)
_envelope_adapter: TypeAdapter[Envelope] = TypeAdapter(Envelope)

# A type, a field or a word of a closed list that this release does not have.
_OF_A_NEWER_RELEASE: Final = {"union_tag_invalid", "extra_forbidden", "enum", "literal_error"}


class Source(NamedTuple):
    """The record of a lane that an entry answers."""

    lane: Lane
    partition: int
    offset: int
    previous: int
    """The offset read before this one in the same lane (-1 at the beginning): the chain of
    sources is then checkable although transaction markers take offsets too."""
    nth: int
    """Which of the entries of this request it is, from 0; ``index`` on the wire."""
    of: int
    """How many entries this request has; ``count`` on the wire."""


class Entry(NamedTuple):
    """One record of the journal."""

    id: str
    at_ms: int
    stream_kind: StreamKind
    stream_id: str
    event: AnyEvent
    task_run_id: str | None
    attempt: int | None
    version: int | None
    """The stream's version after this event; None for what changes no state."""
    source: Source | None
    cause: str | None
    request_id: str | None
    actor: Actor | None
    traceparent: str | None

    def to_json(self) -> bytes:
        """The value of its journal record. Keys that say nothing are left out."""
        event = self.event
        body: dict[str, Any] = {
            "id": self.id,
            "type": event.type,
            "at": moment_to_text(self.at_ms),
            self.stream_kind._value_: self.stream_id,
        }
        if self.task_run_id is not None:
            body["task_run_id"] = self.task_run_id
        if self.attempt is not None:
            body["attempt"] = self.attempt
        if self.version is not None:
            body["version"] = self.version
        if (source := self.source) is not None:
            body["source"] = {
                "lane": source.lane,
                "partition": source.partition,
                "offset": source.offset,
                "previous": source.previous,
                "index": source.nth,
                "count": source.of,
            }
        if self.cause is not None:
            body["cause"] = self.cause
        if self.request_id is not None:
            body["request_id"] = self.request_id
        if self.actor is not None:
            body["actor"] = self.actor.__dict__
        if self.traceparent is not None:
            body["traceparent"] = self.traceparent
        data = event.__pydantic_serializer__.to_python(event, mode="json", exclude_none=True)
        del data["type"]
        body["data"] = data
        return orjson.dumps(body)

    @classmethod
    def from_json(cls, value: bytes, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> "Entry":
        """Read a journal record, of this or of an earlier release.

        Raises:
            UnknownEventError: a type, a field or a word that a newer release has written.
            UnreadableEventError: not an entry of a journal at all.

        """
        try:
            # Also within words that requests share, where a newer client may say more.
            envelope = _envelope_adapter.validate_json(value, extra="forbid")
        except ValidationError as error:
            raise _why(_type_in(value), error) from None
        name, data = upcast(envelope.type, envelope.data, upcasters)
        event = _read_event(name, data)
        if (stream_id := envelope.flow_run_id) is not None:
            kind = StreamKind.FLOW
        elif (stream_id := envelope.runner_id) is not None:
            kind = StreamKind.RUNNER
        elif (stream_id := envelope.bulk_id) is not None:
            kind = StreamKind.BULK
        else:
            kind = StreamKind.PARTITION
            stream_id = envelope.partition
        if stream_id is None or len(envelope.model_fields_set & _STREAM_KEYS) > 1:
            raise UnreadableEventError(f"{name}: expected one of {', '.join(StreamKind)}")
        return cls(
            envelope.id,
            envelope.at,
            kind,
            stream_id,
            event,
            envelope.task_run_id,
            envelope.attempt,
            envelope.version,
            _source(envelope.source),
            envelope.cause,
            envelope.request_id,
            envelope.actor,
            envelope.traceparent,
        )


def _read_event(name: str, data: dict[str, Any]) -> AnyEvent:
    value = orjson.dumps({**data, "type": name})
    try:
        return event_adapter.validate_json(value, extra="forbid")
    except ValidationError as error:
        raise _why(name, error, skipped=1) from None


def _source(record: SourceRecord | None) -> Source | None:
    if record is None:
        return None
    return Source(
        record.lane, record.partition, record.offset, record.previous, record.index, record.count
    )


def _why(name: str, error: ValidationError, skipped: int = 0) -> JournalError:
    """The error to raise; `skipped` steps of the path are pydantic's, not the record's."""
    problems = error.errors(include_url=False, include_input=False)
    for problem in problems:
        if problem["type"] in _OF_A_NEWER_RELEASE:
            return UnknownEventError(name, _path(problem["loc"][skipped:]))
    first = problems[0]
    return UnreadableEventError(f"{name}: {_path(first['loc'][skipped:])}: {first['msg']}")


def _type_in(value: bytes) -> str:
    try:
        return str(orjson.loads(value)["type"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "a record without a type"


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in loc)
