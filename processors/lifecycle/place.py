"""Where a partition's lifecycle is, and what it reads there."""

from collections.abc import Mapping
from typing import NamedTuple

from rescind.events.requests import AnyRequest, Lane, Unreadable, read_request
from rescind.kafka.records import UNPACKED_BYTES_MAX, Record, Unread
from rescind.kafka.topics import TopicNames
from rescind.tracing.traceparent import known

__all__ = ["Place", "Read", "request_in", "text_of", "traceparent_of"]


class Read(NamedTuple):
    """A record of a lane, in the order in which it is to be decided."""

    lane: Lane
    record: Record


class Place(NamedTuple):
    """What a partition's lifecycle has to know about where it is."""

    partition: int
    partitions: int
    topics: TopicNames
    signing_keys: Mapping[str, bytes]


def request_in(record: Record) -> AnyRequest | Unreadable:
    """The request of a record of a lane, or why it is none."""
    if isinstance(record.value, Unread):
        why = f"expected a batch that unpacks to at most {UNPACKED_BYTES_MAX} bytes, but got more"
        return Unreadable("", why)
    return read_request(record.value, record.headers)


def traceparent_of(record: Record, request: AnyRequest | Unreadable) -> str | None:
    """The trace that a request belongs to: as its body says, or else as its header does.

    Producers that are traced by somebody's own means write the header, and know of no body.
    """
    if isinstance(request, Unreadable) or request.traceparent is not None or not record.headers:
        return None if isinstance(request, Unreadable) else request.traceparent
    return known(text_of(record.header("traceparent")))


def text_of(value: bytes | None) -> str | None:
    """What a header says, or as much of it as an id may have."""
    return None if value is None else value.decode(errors="replace")[:512]
