"""Spans of the hops through Kafka, named as OpenTelemetry's conventions for messaging have it.

A producer's span is made only below one that is current: what nobody traces begins no trace.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from rescind.tracing import spans
from rescind.tracing.spans import Span
from rescind.tracing.traceparent import known

__all__ = ["carried", "processing", "sending", "to_carry"]

_carried: ContextVar[str | None] = ContextVar("rescind_traceparent", default=None)


@contextlib.contextmanager
def carried(traceparent: str | None) -> Iterator[None]:
    """Whoever has come with this is gone on for here, also where nobody makes spans."""
    token = _carried.set(known(traceparent))
    try:
        yield
    finally:
        _carried.reset(token)


def to_carry() -> str | None:
    """What a request that is made here has to carry on."""
    return spans.current() or _carried.get()


@contextlib.contextmanager
def sending(
    topic: str, partition: int | None, request_id: str | None, carries: str | None
) -> Iterator[str | None]:
    """A span for a record on its way, and what that record carries on; `carries`: has already."""
    above = carries or spans.current()
    if not spans.may_begin(above):
        yield carries or to_carry()
        return
    said = {
        **_of("send", topic),
        **({} if request_id is None else {"messaging.message.id": request_id}),
    }
    if partition is not None:
        said["messaging.destination.partition.id"] = str(partition)
    with spans.span(f"send {topic}", "producer", said, above) as span:
        yield above if span is None else span.traceparent


def processing(
    topic: str, traceparent: str | None, *, partition: int | None = None, offset: int | None = None
) -> Span | None:
    """The span of a record that was read and is worked on."""
    said: dict[str, str | int] = {**_of("process", topic)}
    if partition is not None:
        said["messaging.destination.partition.id"] = str(partition)
    if offset is not None:
        said["messaging.kafka.offset"] = offset
    return spans.begin(f"process {topic}", "consumer", said, traceparent)


def _of(operation: str, topic: str) -> dict[str, str]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
    }
