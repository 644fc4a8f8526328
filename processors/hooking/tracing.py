"""`trying`: a try to tell a hook something belongs to the trace of the cancellation."""

from collections.abc import Iterator
from contextlib import contextmanager

from rescind.processors.hooking.notices import Notice
from rescind.processors.hooking.tries import Try
from rescind.tracing import spans
from rescind.tracing.messaging import carried
from rescind.tracing.spans import Span

__all__ = ["said", "trying"]


@contextmanager
def trying(hook: str, notice: Notice) -> Iterator[Span | None]:
    """Whatever is told meanwhile goes on below this, also where nobody makes spans."""
    with carried(notice.traceparent):
        if not spans.may_begin(notice.traceparent):
            yield None
            return
        about = {"rescind.hook": hook, "rescind.hook.event.id": notice.event.id}
        if notice.event.flow_run_id is not None:
            about["rescind.flow_run_id"] = notice.event.flow_run_id
        name = f"tell {notice.event.type.value}"
        with spans.span(name, "client", about, notice.traceparent) as span:
            yield span


def said(span: Span | None, answer: Try) -> None:
    """Say in it what came of the try."""
    if span is None:
        return
    if answer.status is not None:
        span.say({"http.response.status_code": answer.status})
    if not answer.is_taken:
        span.end("not_taken")
