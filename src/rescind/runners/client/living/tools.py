"""What all lives of a runner share: the way to Kafka, both lanes, and what waits for answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from pydantic import JsonValue

from rescind.events.words import Handle, RunnerCapabilities
from rescind.kafka.connection import Connection
from rescind.kafka.partitions import partition_of
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.runners.client.clock import Clock
from rescind.runners.client.hearing.waiting import Waiting
from rescind.runners.client.sending.outbox import Outbox

__all__ = ["Profile", "Tools", "fields"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How a runner introduces itself: the same in each of its lives."""

    pool: str
    scope: str
    can: RunnerCapabilities
    handle: Handle | None

    def fields(self) -> dict[str, JsonValue]:
        """The fields of its ``runner.register``."""
        said: dict[str, JsonValue] = {
            "pool": self.pool,
            "scope": self.scope,
            "capabilities": self.can.model_dump(mode="json"),
        }
        if self.handle is not None:
            said["handle"] = self.handle.model_dump(mode="json", exclude_none=True)
        return said


@dataclass(frozen=True, slots=True)
class Tools:
    """Shared by the lives of one runner; `partitions` is how many each topic has."""

    connection: Connection
    topics: TopicNames
    sender: Sender
    start_lane: Outbox
    stop_lane: Outbox
    waiting: Waiting
    partitions: int
    heartbeat_seconds: float
    clock: Clock

    def partition_of(self, stream_id: str) -> int:
        """Which partition serves a stream."""
        return partition_of(stream_id, self.partitions)


def fields(said: Mapping[str, JsonValue]) -> bytes:
    """The fields of a request, as `Outbox.put` takes them."""
    return orjson.dumps(dict(said))
