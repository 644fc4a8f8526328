"""`traced`: spans of this process go where the standard ``OTEL_*`` variables say.

The exporter works in a thread of its own. While whoever collects spans is away, or takes them
slowly, the oldest that wait are thrown away: it delays and ends nothing here, and says so once.
What the variables ask for and this release has not is a warning, since they are often there for
all programs of a cluster. Metrics and logs are not exported so: Prometheus asks for the first, and
the second are on stderr.
"""

import contextlib
import importlib.util
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rescind.tracing import spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

__all__ = ["traced", "what_is_wrong"]

CLOSE_SECONDS: Final = 2.0
"""What is left of a process is sent within this, or never."""

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_NEEDED: Final = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def traced(service: str) -> Iterator[None]:
    """Spans go out as long as this is open; `service` is its name, unless ``OTEL_*`` has one."""
    provider = _provider(service) if _is_wanted() else None
    if provider is None:
        yield
        return
    spans.use(provider)
    try:
        yield
    finally:
        spans.use(None)
        _close(provider)


def what_is_wrong() -> str:
    """Why the variables ask in vain; empty: they do not ask, or what they ask for is there."""
    exporter = _of("OTEL_TRACES_EXPORTER").lower()
    if exporter not in {"", "otlp"}:
        return f"expected OTEL_TRACES_EXPORTER to be `otlp` or `none`, but it is {exporter!r}"
    for name in _PROTOCOLS:
        if (protocol := _of(name)) not in {"", "http/protobuf"}:
            return f"expected {name} to be `http/protobuf`, but it is {protocol!r}"
    if not all(map(_is_there, _NEEDED)):
        return "expected the extra `tracing`, but it is missing: pip install 'rescind[tracing]'"
    return ""


def _is_wanted() -> bool:
    exporter = _of("OTEL_TRACES_EXPORTER").lower()
    if _of("OTEL_SDK_DISABLED").lower() == "true" or exporter == "none":
        return False
    return bool(exporter) or any(map(_of, _ENDPOINTS))


def _of(name: str) -> str:
    return os.environ.get(name, "").strip()


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _provider(service: str) -> "TracerProvider | None":
    if why := what_is_wrong():
        _log.warning("traces are not exported: %s", why)
        return None
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        # Somebody has set one up for the whole program, and knows where spans go.
        return None
    try:
        return _made(service)
    except ValueError as error:
        _log.warning("traces are not exported: an OTEL_* variable is wrong: %s", error)
        return None


def _made(service: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Its own complaints come with each batch, and with stacks; `_calm` says it once.
    for name in ("opentelemetry.exporter", "opentelemetry.sdk"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    name = _of("OTEL_SERVICE_NAME") or service
    provider = TracerProvider(
        resource=Resource.create({"service.name": name}),
        # That would wait for as long as whoever collects them lets it.
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(_calm(OTLPSpanExporter())))
    return provider


def _close(provider: "TracerProvider") -> None:
    # Its own way has no bound that holds while a request hangs.
    closing = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
    closing.start()
    closing.join(CLOSE_SECONDS)


def _calm(exporter: "SpanExporter") -> "SpanExporter":
    """The same, that says once when it fails, and when it works again."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Calm(SpanExporter):
        _fails = False

        def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
            try:
                result = exporter.export(spans)
            except Exception:  # noqa: BLE001 - whatever it is, it is no accident of this process
                result = SpanExportResult.FAILURE
            fails = result is not SpanExportResult.SUCCESS
            if fails and not self._fails:
                _log.warning("traces cannot be exported, and are thrown away meanwhile")
            elif self._fails and not fails:
                _log.warning("traces are exported again")
            self._fails = fails
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Calm()
