"""A receiver of spans on this machine: what processes export is decoded and kept."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

__all__ = ["Received", "Spans", "received"]


@dataclass(frozen=True, slots=True)
class Received:
    """One span; ids in hex, attributes as texts."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    said: dict[str, str] = field(repr=False)
    told: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Trace and span of each."""

    def __str__(self) -> str:
        return f"{self.service}: {self.name} {self.kind} {self.span_id} below {self.parent_id}"


class Spans:
    """All that has come."""

    def __init__(self) -> None:
        self.endpoint = ""
        self._spans: list[Received] = []

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _said(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self._spans += [_read(service, span) for span in scope.spans]

    def all(self) -> list[Received]:
        return list(self._spans)

    def of(self, trace_id: str, service: str = "", name: str = "", **said: str) -> list[Received]:
        """Those of a trace, of this service, whose names begin so and that say this."""
        wanted = {key.replace("__", "."): value for key, value in said.items()}.items()
        return [
            span
            for span in self._spans
            if span.trace_id == trace_id
            and service in {"", span.service}
            and span.name.startswith(name)
            and wanted <= span.said.items()
        ]

    def drawn(self) -> str:
        """For whoever reads a failure."""
        return "\n".join(map(str, self._spans))


@contextmanager
def received() -> Iterator[Spans]:
    """Listen for as long as this is open."""
    spans = Spans()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            spans.take(self.rfile.read(int(self.headers["content-length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, name="receives spans")
        serving.start()
        spans.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield spans
        finally:
            server.shutdown()
            serving.join()


def _read(service: str, span: WireSpan) -> Received:
    return Received(
        service,
        span.name,
        WireSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _said(span.attributes),
        tuple(event.name for event in span.events),
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
    )


def _said(attributes: Iterable[KeyValue]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in attributes:
        kind = pair.value.WhichOneof("value")
        found[pair.key] = str(getattr(pair.value, kind)) if kind else ""
    return found
