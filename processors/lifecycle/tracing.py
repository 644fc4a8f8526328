"""`Traces`: the spans of the requests that one transaction decides.

Most requests are of no trace, and cost one look. A span is ended after the commit, so a
transaction that failed leaves none, and one that is decided again has each once. What runners are
told below it is the span's; the journal has the request's own, whichever worker decides.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from rescind.events.journal import CancellationSent, Entry, RequestRefused
from rescind.events.requests import AnyRequest, Unreadable
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.place import Read
from rescind.statemachine.policy import Asked
from rescind.tracing.messaging import processing
from rescind.tracing.spans import Span, may_begin

__all__ = ["Traces", "decided"]

_TOLD_MAX: Final = 20
"""What follows from one request may be very many events; so many are told in its span."""

_log = structlog.get_logger(__name__)


class Traces:
    """Of one transaction."""

    def __init__(self, topics: TopicNames) -> None:
        self._topics = topics
        self._spans: list[Span] = []
        self._below: dict[str, str] = {}

    def begin(self, read: Read, request: AnyRequest | Unreadable, asked: Asked) -> Span | None:
        """The span of a request that somebody traces."""
        if isinstance(request, Unreadable) or not may_begin(asked.traceparent):
            return None
        topics = self._topics
        topic = topics.stop_requests if read.lane == "stop" else topics.start_requests
        span = processing(topic, asked.traceparent, partition=asked.partition, offset=asked.offset)
        if span is not None and asked.traceparent is not None:
            said = {"rescind.request.type": request.type, "messaging.message.id": asked.request_id}
            if (flow_run_id := getattr(request, "flow_run_id", None)) is not None:
                said["rescind.flow_run_id"] = flow_run_id
            if (task_run_id := getattr(request, "task_run_id", None)) is not None:
                said["rescind.task_run_id"] = task_run_id
            if (bulk_id := getattr(request, "bulk_id", None)) is not None:
                said["rescind.bulk_id"] = bulk_id
            span.say(said)
            self._spans.append(span)
            self._below[asked.traceparent] = span.traceparent
        return span

    def below(self, traceparent: str | None) -> str | None:
        """What whoever goes on with this trace is told: that it was decided here, if it was."""
        return None if traceparent is None else self._below.get(traceparent, traceparent)

    def end(self) -> None:
        """The transaction is committed. Never raises: it would be decided again."""
        try:
            for span in self._spans:
                span.end()
        except Exception:  # noqa: BLE001 - a bug here must not be one of the partition
            _log.exception("a transaction was not traced")


def decided(span: Span, entries: Sequence[Entry]) -> None:
    """Say what came of a request: its answer first, then what followed from it."""
    answer = entries[0].event
    said: dict[str, str | int] = {"rescind.outcome": answer.type, "rescind.events": len(entries)}
    if isinstance(answer, RequestRefused):
        said["rescind.refusal.code"] = answer.code.value
    span.say(said)
    for entry in entries[:_TOLD_MAX]:
        about: dict[str, str | int] = {"rescind.event.id": entry.id}
        if entry.task_run_id is not None:
            about["rescind.task_run_id"] = entry.task_run_id
        if isinstance(entry.event, CancellationSent):
            about["rescind.runners"] = len(entry.event.runner_ids)
        span.tell(entry.event.type, about)
