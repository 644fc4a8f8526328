"""The spans of a runner: that it was told, and the stopping of each attempt to its real end."""

import contextlib
from collections.abc import Generator, Iterable, Iterator

from rescind.events import intents as wire
from rescind.events.requests import Step
from rescind.kafka.topics import TopicNames
from rescind.runners.client.hearing.intents import CancelFlow, CancelTask
from rescind.runners.client.sending.ended import Ended
from rescind.tracing import spans
from rescind.tracing.lines import about
from rescind.tracing.messaging import processing
from rescind.tracing.spans import Span

__all__ = ["Stops", "hearing"]

_ATTEMPTS_MAX = 200
"""Of one cancellation: a span for each of 100,000 attempts would be no picture of anything."""


@contextlib.contextmanager
def hearing(
    told: wire.CancelFlow | wire.CancelTask | wire.StopInfrastructure,
    topics: TopicNames,
    runner_id: str,
) -> Generator[str | None]:
    """A span for what is done at once about an intent, and its lines; what goes on is told this."""
    span = None
    if spans.may_begin(told.traceparent):
        span = processing(topics.inbox, told.traceparent)
    task_run_id = told.task_run_id if isinstance(told, wire.CancelTask) else None
    with about(flow_run_id=told.flow_run_id, task_run_id=task_run_id, traceparent=told.traceparent):
        if span is None:
            yield told.traceparent
        else:
            yield from _heard(span, told, runner_id)


def _heard(
    span: Span, told: wire.CancelFlow | wire.CancelTask | wire.StopInfrastructure, runner_id: str
) -> Iterator[str]:
    said = {"rescind.flow_run_id": told.flow_run_id, "rescind.runner_id": runner_id}
    if isinstance(told, wire.CancelTask):
        said["rescind.task_run_id"] = told.task_run_id
    if not isinstance(told, wire.StopInfrastructure):
        said["rescind.mode"] = told.mode.value
    span.say(said)
    try:
        yield span.traceparent
    finally:
        span.end()


class Stops:
    """The attempts of one flow run that are being stopped, each with its span."""

    def __init__(self) -> None:
        self._spans: dict[tuple[str, int], Span] = {}

    def begin(self, intent: CancelFlow | CancelTask, held: Iterable[tuple[str, int]]) -> None:
        """The intent was read, and these are held; an escalation is a moment of what goes on."""
        if not spans.may_begin(intent.traceparent):
            return
        for attempt in held:
            if isinstance(intent, CancelTask) and attempt != (intent.task_run_id, intent.attempt):
                continue
            if (known := self._spans.get(attempt)) is not None:
                known.tell("escalated", {"rescind.mode": intent.mode.value})
            elif len(self._spans) < _ATTEMPTS_MAX:
                self._begin(intent, attempt)

    def climbed(self, step: Step) -> None:
        """A rung was taken."""
        span = self._spans.get((step.task_run_id, step.attempt))
        if span is not None:
            said = {"rescind.rung": step.rung.value, "rescind.rung.outcome": step.outcome}
            span.tell("rung", said)

    def ended(self, attempt: tuple[str, int], ended: Ended) -> None:
        """It has really ended."""
        span = self._spans.pop(attempt, None)
        if span is not None:
            end: dict[str, str] = {"rescind.end": ended.end.value}
            if ended.how is not None:
                end["rescind.how"] = ended.how.value
            span.say(end)
            span.end()

    def _begin(self, intent: CancelFlow | CancelTask, attempt: tuple[str, int]) -> None:
        said: dict[str, str | int] = {
            "rescind.flow_run_id": intent.flow_run_id,
            "rescind.task_run_id": attempt[0],
            "rescind.attempt": attempt[1],
        }
        span = spans.begin("stop attempt", "internal", said, intent.traceparent)
        if span is not None:
            self._spans[attempt] = span
