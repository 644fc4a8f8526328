"""One record of the journal: an event in its envelope.

Who asked, which record of which lane caused it, how manieth of how many outcomes it is: with
that alone anyone can check that every request has exactly one outcome and that none is missing.
An event that no request caused names its `cause`, the id of the event that led to it.
"""

from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from rescind.errors import UnknownEventError, UnreadableEventError
from rescind.events.journal.cancellation import (
    CancellationAcknowledged,
    CancellationArmed,
    CancellationClockFired,
    CancellationEscalated,
    CancellationLapsed,
    CancellationSent,
    CancellationWarning,
    ExecutorFailed,
    InfrastructureTeardown,
)
from rescind.events.journal.child import (
    ChildCancelSent,
    ChildEndSent,
    ChildFinishedRecorded,
    ChildNotCancelled,
    ChildReleased,
)
from rescind.events.journal.flow import (
    FlowBodyFinished,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
    FlowLateReport,
    FlowQuarantined,
    FlowRegistered,
    FlowStarted,
    FlowSucceeded,
)
from rescind.events.journal.request import (
    RequestDeniedRecorded,
    RequestForwarded,
    RequestRefused,
    RequestsLost,
)
from rescind.events.journal.runner import RunnerLeft, RunnerLostRecorded, RunnerRegistered
from rescind.events.journal.task import (
    TaskCancelled,
    TaskCancelling,
    TaskCleanupReported,
    TaskFailed,
    TaskLateReport,
    TaskRegistered,
    TaskRetrying,
    TaskStarted,
    TaskStoppingReported,
    TaskSucceeded,
)
from rescind.events.requests.base import Lane
from rescind.events.words import Actor, moment_from_text, moment_to_text

__all__ = ["AnyEvent", "Entry", "Source", "StreamKind", "event_adapter"]

AnyEvent = Annotated[
    FlowRegistered
    | FlowStarted
    | FlowCancelling
    | FlowCancelled
    | FlowSucceeded
    | FlowFailed
    | FlowBodyFinished
    | FlowLateReport
    | FlowForgotten
    | FlowQuarantined
    | TaskRegistered
    | TaskStarted
    | TaskRetrying
    | TaskCancelling
    | TaskCancelled
    | TaskSucceeded
    | TaskFailed
    | TaskLateReport
    | TaskStoppingReported
    | TaskCleanupReported
    | CancellationArmed
    | CancellationLapsed
    | CancellationSent
    | CancellationAcknowledged
    | CancellationEscalated
    | CancellationClockFired
    | CancellationWarning
    | ExecutorFailed
    | InfrastructureTeardown
    | ChildCancelSent
    | ChildNotCancelled
    | ChildEndSent
    | ChildFinishedRecorded
    | ChildReleased
    | RunnerRegistered
    | RunnerLeft
    | RunnerLostRecorded
    | RequestRefused
    | RequestForwarded
    | RequestDeniedRecorded
    | RequestsLost,
    Field(discriminator="type"),
]

event_adapter: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
_actor_adapter = TypeAdapter(Actor)


class StreamKind(StrEnum):
    """What a stream is about; the envelope names its id under the key given here."""

    FLOW = "flow_run_id"
    RUNNER = "runner_id"
    PARTITION = "partition"  #: requests that name no run: they belong to where they lay


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
            self.stream_kind.value: self.stream_id,
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
    def from_json(cls, value: bytes) -> "Entry":
        """Read a journal record.

        Raises:
            UnknownEventError: a type, or a field, that a newer release has written.
            UnreadableEventError: not an entry of a journal at all.

        """
        try:
            body = orjson.loads(value)
            name = body["type"]
            data = body["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise UnreadableEventError(str(error)) from None
        try:
            event = event_adapter.validate_json(orjson.dumps({**data, "type": name}))
            return cls._from_body(body, event)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            if first["type"] in ("union_tag_invalid", "extra_forbidden"):
                raise UnknownEventError(str(name), _path(first["loc"])) from None
            raise UnreadableEventError(f"{name}: {_path(first['loc'])}: {first['msg']}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableEventError(f"{name}: {error!r}") from None

    @classmethod
    def _from_body(cls, body: dict[str, Any], event: AnyEvent) -> "Entry":
        kind = next(kind for kind in StreamKind if kind.value in body)
        source = body.get("source")
        actor = body.get("actor")
        return cls(
            id=body["id"],
            at_ms=moment_from_text(body["at"]),
            stream_kind=kind,
            stream_id=body[kind.value],
            event=event,
            task_run_id=body.get("task_run_id"),
            attempt=body.get("attempt"),
            version=body.get("version"),
            source=None if source is None else _source(source),
            cause=body.get("cause"),
            request_id=body.get("request_id"),
            actor=None if actor is None else _actor_adapter.validate_python(actor),
            traceparent=body.get("traceparent"),
        )


def _source(body: dict[str, Any]) -> Source:
    return Source(
        body["lane"],
        body["partition"],
        body["offset"],
        body["previous"],
        body["index"],
        body["count"],
    )


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in loc[1:])
