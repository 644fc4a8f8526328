"""Where a partition's lifecycle is, and what it reads there."""

from collections.abc import Mapping
from typing import NamedTuple

from rescind.events.requests import AnyRequest, Lane, Unreadable, read_request
from rescind.kafka.records import UNPACKED_BYTES_MAX, Record, Unread
from rescind.kafka.topics import TopicNames

__all__ = ["Place", "Read", "request_in"]


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
