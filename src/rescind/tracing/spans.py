"""Spans of OpenTelemetry, if somebody wants them: without that each call here returns at once.

They go to the provider that this process was given by `rescind.tracing.exporting`, or else to the
one that a program of the user's has set up. Nothing here raises, waits, or imports OpenTelemetry
where the program has not: whoever carries a traceparent on does that without it.

No span has a reason, an error's message or anything else that people write into requests.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from rescind.tracing.traceparent import Parent, is_sampled, read, written

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import SpanContext, TracerProvider

__all__ = ["ABOVE_ALL", "Kind", "Span", "begin", "current", "is_on", "may_begin", "span", "use"]

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Attributes = Mapping[str, str | int | float | bool]

ABOVE_ALL: Final = ""
"""As the parent of a span: it begins a trace of its own, whatever is current."""

_SCOPE: Final = "rescind"


class _Own:
    """The provider of this process, if it has one of its own."""

    provider: "TracerProvider | None" = None


def use(provider: "TracerProvider | None") -> None:
    """From now on spans of this process go there; None: where the user's own go, if anywhere."""
    _Own.provider = provider


def is_on() -> bool:
    """Whether there may be anybody to whom spans go."""
    return _Own.provider is not None or "opentelemetry.sdk.trace" in sys.modules


def may_begin(traceparent: str | None) -> bool:
    """Whether a span below this one would be kept: most requests have none, and cost this look."""
    return traceparent is not None and is_on() and is_sampled(traceparent)


class Span:
    """One span under way."""

    __slots__ = ("_has_ended", "_span", "traceparent")

    def __init__(self, span: "OtelSpan") -> None:
        self._span = span
        self._has_ended = False
        context = span.get_span_context()
        self.traceparent = written(context.trace_id, context.span_id, context.trace_flags)
        """What whoever goes on below this one has to be told."""

    def name(self, name: str) -> None:
        """Call it otherwise, now that more is known."""
        self._span.update_name(name)

    def say(self, attributes: Attributes) -> None:
        """Add what is known by now."""
        self._span.set_attributes(attributes)

    def tell(self, what: str, attributes: Attributes) -> None:
        """Add something that has happened at this moment."""
        self._span.add_event(what, attributes)

    def link(self, traceparent: str) -> None:
        """Name a span of another trace that has to do with this one."""
        if (other := _context(read(traceparent))) is not None:
            self._span.add_link(other)

    def end(self, failed: str = "") -> None:
        """It is over; `failed` is the kind of failure, if it was one, and never a message.

        Said again, it changes nothing.
        """
        if self._has_ended:
            return
        self._has_ended = True
        if failed:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", failed)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def begin(
    name: str,
    kind: Kind,
    attributes: Attributes,
    parent: str | None = None,
    links: Sequence[str] = (),
) -> Span | None:
    """A span below `parent`, or else below the one that is current; None: nobody keeps it.

    `links` are traceparents of spans of other traces that have to do with it.
    """
    if not is_on():
        return None
    from opentelemetry import trace

    provider = _Own.provider or trace.get_tracer_provider()
    context = None if parent is None else _below(read(parent))
    others = [other for each in links if (other := _context(read(each))) is not None]
    made = provider.get_tracer(_SCOPE).start_span(
        name, context, trace.SpanKind[kind.upper()], attributes, [trace.Link(one) for one in others]
    )
    return Span(made) if made.is_recording() else None


@contextlib.contextmanager
def span(
    name: str,
    kind: Kind,
    attributes: Attributes,
    parent: str | None = None,
    links: Sequence[str] = (),
) -> Iterator[Span | None]:
    """The same, current as long as this is open; an error that comes through makes it a failure."""
    begun = begin(name, kind, attributes, parent, links)
    if begun is None:
        yield None
        return
    from opentelemetry import trace

    failed = ""
    try:
        # Not its own way of recording errors, which would keep their messages.
        with trace.use_span(
            begun._span,  # noqa: SLF001 - of this module
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield begun
    except BaseException as error:
        failed = type(error).__name__
        raise
    finally:
        begun.end(failed)


def current() -> str | None:
    """The span that is current here, which may be one of the user's own program."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return written(context.trace_id, context.span_id, context.trace_flags)


def _below(parent: Parent | None) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    context = _context(parent)
    if context is None:
        return Context()
    return set_span_in_context(NonRecordingSpan(context), Context())


def _context(named: Parent | None) -> "SpanContext | None":
    from opentelemetry.trace import SpanContext, TraceFlags

    if named is None:
        return None
    return SpanContext(
        named.trace_id, named.span_id, is_remote=True, trace_flags=TraceFlags(named.flags)
    )
