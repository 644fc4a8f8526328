"""The envelope of a journal record as it is on the wire, with the payload still unread.

`Entry` writes it by hand, because that takes 2 µs; this is what it is read and described by. A
key that this release does not know stops the reader, as a field of a payload does.
"""

from typing import Annotated, Any

from pydantic import Field

from rescind.events.moments import Moment
from rescind.events.requests.base import Lane
from rescind.events.words import Actor, ChosenId, Wire

__all__ = ["Envelope", "SourceRecord"]


class SourceRecord(Wire):
    """The record of a lane that this entry answers, and which of its answers this is."""

    lane: Lane
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    previous: Annotated[int, Field(ge=-1)]
    """The offset read before this one in the same lane; -1 at the beginning."""
    index: Annotated[int, Field(ge=0)]
    """Which of the entries of this request it is, from 0."""
    count: Annotated[int, Field(ge=1)]
    """How many entries this request has."""


class Envelope(Wire):
    """Exactly one of `flow_run_id`, `runner_id`, `bulk_id`, `partition` is there: the stream."""

    id: str
    """As ``stop-3-1027-0``: lane, partition, offset and index of what caused it."""
    type: str
    """As ``flow.cancelling.v1``."""
    at: Moment
    """When the broker got what caused it; never less than the entry before."""
    flow_run_id: ChosenId | None = None
    runner_id: ChosenId | None = None
    bulk_id: ChosenId | None = None
    partition: str | None = None
    """The partition's number, for what belongs to no run: the record that was there."""
    task_run_id: ChosenId | None = None
    """Which task run of the flow run it is about, if it is about one."""
    attempt: Annotated[int, Field(ge=1)] | None = None
    """Which try of that task run."""
    version: Annotated[int, Field(ge=1)] | None = None
    """Counts the events that changed the stream's state; not there when this changed none."""
    source: SourceRecord | None = None
    """The request that this answers."""
    cause: str | None = None
    """The id of the event that led to this one, when no request did."""
    request_id: str | None = None
    """The request's own id, or its position if it named none."""
    actor: Actor | None = None
    """Who asked."""
    traceparent: str | None = None
    """As W3C Trace Context has it: the request's; of an event that no request caused, that of the
    request which began the cancellation that it is a part of."""
    data: dict[str, Any]
    """The payload; its fields depend on the type."""
