"""`BulkTrace`: a bulk cancellation's trace, and beside it one of each flow run that it asks.

It may mean 100,000 flow runs, each with a dozen spans, and nobody can read a trace of those. So the
cancel of each is a trace of its own, of which the user's sampler may keep as few as it is told to.
Its first span has a link to the bulk cancellation's trace, which has links to as many of them as
one span can have, and then another span. All of that is as in OpenTelemetry's conventions for a
batch whose messages have contexts of their own.

The bulk cancellation's trace is that of the request that created it, as the journal has it: it is
looked up when a sweep begins, and only where somebody makes spans. Where nobody does, the cancels
are of no trace, since what carried this one on would make a single one of all.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Final, Self

import structlog

from rescind.events.journal import Entry, RequestRefused
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import Visit
from rescind.kafka.topics import TopicNames
from rescind.statemachine.runs import Bulk
from rescind.tracing import spans
from rescind.tracing.spans import Span

__all__ = ["LINKS_MAX", "BulkTrace", "answered", "begun_by"]

LINKS_MAX: Final = 128
"""How many links a span has at most, if nobody tells the SDK otherwise."""
OPEN_SECONDS: Final = 60.0
"""A span is seen once it has ended: a slow bulk cancellation shows how far it is."""

LOOK_SECONDS: Final = 10.0
# Records carry the clock of the worker that wrote them, and the time in events is the broker's.
_SKEW_MS: Final = 300_000

_log = structlog.get_logger(__name__)


class BulkTrace:
    """Of one sweep of a bulk cancellation. A context manager: what is open then ends with it."""

    def __init__(self, bulk_id: str, above: str | None) -> None:
        self._bulk_id = bulk_id
        self._above = above if spans.may_begin(above) else None
        self._part: Span | None = None
        self._asked = 0
        self._linked = 0
        self._since = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_part()

    @contextmanager
    def asking(self, flow_run_id: str) -> Iterator[Span | None]:
        """The span of one flow run, with which a trace begins; None: nobody keeps it."""
        if self._above is None:
            yield None
            return
        part = self._part_for_one_more()
        said = {"rescind.bulk_id": self._bulk_id, "rescind.flow_run_id": flow_run_id}
        other = self._above if part is None else part.traceparent
        with spans.span("cancel flow run", "internal", said, spans.ABOVE_ALL, [other]) as span:
            if part is not None and span is not None:
                part.link(span.traceparent)
                self._linked += 1
            yield span

    def _part_for_one_more(self) -> Span | None:
        now = time.monotonic()
        if self._linked == LINKS_MAX or now - self._since > OPEN_SECONDS:
            self._end_part()
        if self._part is None:
            said = {"rescind.bulk_id": self._bulk_id}
            self._part = spans.begin("ask flow runs", "internal", said, self._above)
            self._since = now
        self._asked += 1
        return self._part

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.say({"rescind.bulk.asked": self._asked})
            part.end()
        self._asked = self._linked = 0


def answered(span: Span | None, answer: Entry) -> None:
    """Say in a flow run's span what came of its cancel."""
    if span is None:
        return
    event = answer.event
    span.say({"rescind.outcome": event.type})
    if isinstance(event, RequestRefused):
        span.say({"rescind.refusal.code": event.code.value})


async def begun_by(
    connection: Connection, topics: TopicNames, partition: int, bulk: Bulk
) -> str | None:
    """The traceparent of the request that created it, if somebody makes spans of that trace.

    Nothing is raised, and nobody waits long: no cancel fails for its trace.
    """
    if not spans.is_on():
        return None
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await _looked_up(connection, topics.cancellations, partition, bulk)
    except Exception as error:  # noqa: BLE001 - whatever it is, the cancels have to go on
        _log.warning("a bulk cancellation is not traced", why=str(error) or type(error).__name__)
        return None


async def _looked_up(connection: Connection, topic: str, partition: int, bulk: Bulk) -> str | None:
    key = bulk.bulk_id.encode()
    async with Visit(connection) as visit:
        since = await visit.offsets_at(topic, max(0, bulk.created_ms - _SKEW_MS))
        async with aclosing(visit.read_to_end(topic, partition, since[partition])) as batches:
            async for records in batches:
                for record in records:
                    if record.key == key and record.value is not None:
                        entry = Entry.from_json(record.value)
                        if entry.id == bulk.created_id:
                            return entry.traceparent
    return None
