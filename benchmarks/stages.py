"""Where the time of a cancel has gone, told from the moments that Kafka keeps of it.

The broker says when it had the request, and the record that says what came of it when it was
made, which is when it was decided. Both are whole milliseconds of this machine's wall clock.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.rows import percentile
from benchmarks.service import Service
from rescind.events.journal import Entry
from rescind.kafka.reading.visits import Visit

__all__ = ["Moments", "moments_of", "said_of_the_slowest"]


class Moments(NamedTuple):
    """When Kafka had a cancel, and when it was decided, in milliseconds since 1970."""

    had_ms: int
    decided_ms: int


async def moments_of(service: Service) -> dict[str, Moments]:
    """Those of every flow run that was cancelled here."""
    found: dict[str, Moments] = {}
    topic = service.names.cancellations
    async with Visit(service.connection) as visit:
        for partition in await visit.starts(topic):
            async for records in visit.read_to_end(topic, partition):
                for record in records:
                    if b'"flow.cancelling.v1"' in (record.value or b""):
                        entry = Entry.from_json(record.value or b"")
                        found[entry.stream_id] = Moments(entry.at_ms, record.timestamp_ms)
    return found


def said_of_the_slowest(
    sent_at: Mapping[str, float], read_at: Mapping[str, float], moments: Mapping[str, Moments]
) -> str:
    """What the slowest tenth spent its time on; `sent_at` and `read_at` by the monotonic clock."""
    wall = time.time() - time.monotonic()
    took = {flow: read_at[flow] - sent for flow, sent in sent_at.items() if flow in read_at}
    slow = percentile(list(took.values()), 90)
    steps = [
        (
            moments[flow].had_ms - (sent_at[flow] + wall) * 1000,
            moments[flow].decided_ms - moments[flow].had_ms,
            (read_at[flow] + wall) * 1000 - moments[flow].decided_ms,
        )
        for flow, seconds in took.items()
        if seconds >= slow and flow in moments
    ]
    had, decided, read = (percentile(list(step), 50) for step in zip(*steps, strict=True))
    return (
        f"of the slowest tenth p50 {had:.0f} ms until Kafka had it, "
        f"{decided:.0f} until it was decided, {read:.0f} until it was read"
    )
