"""Where a partition's lifecycle is, and what it reads there."""

from collections.abc import Mapping
from typing import NamedTuple

from rescind.events.requests import Lane
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames

__all__ = ["Place", "Read"]


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
