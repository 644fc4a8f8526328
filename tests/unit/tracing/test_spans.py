"""Spans go to whoever wants them, and cost nothing where nobody does."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from rescind.tracing import spans
from rescind.tracing.exporting import traced, what_is_wrong
from rescind.tracing.messaging import carried, sending, to_carry
from rescind.tracing.traceparent import trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE}-00f067aa0ba902b7-01"
UNSAMPLED = f"00-{TRACE}-00f067aa0ba902b7-00"


def test_a_span_is_below_the_one_that_a_traceparent_names(kept_spans: InMemorySpanExporter) -> None:
    with spans.span("a", "consumer", {}, SAMPLED) as made:
        assert made is not None
        assert spans.current() == made.traceparent
        assert trace_id_of(made.traceparent) == TRACE

    (span,) = kept_spans.get_finished_spans()
    assert span.kind is SpanKind.CONSUMER
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert spans.current() is None


def test_of_a_trace_that_nobody_keeps_there_is_none(kept_spans: InMemorySpanExporter) -> None:
    assert not spans.may_begin(UNSAMPLED)
    with spans.span("a", "internal", {}, UNSAMPLED) as made:
        assert made is None

    assert kept_spans.get_finished_spans() == ()


def test_an_error_makes_it_a_failure_whose_message_is_not_told(
    kept_spans: InMemorySpanExporter,
) -> None:
    def fail() -> None:
        with spans.span("a", "internal", {}):
            raise ValueError("a password")

    with pytest.raises(ValueError, match="a password"):
        fail()

    (span,) = kept_spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes == {"error.type": "ValueError"}
    assert "password" not in span.to_json()


def test_a_record_is_sent_below_what_is_current(kept_spans: InMemorySpanExporter) -> None:
    with spans.span("above", "server", {}), sending("t", 1, "r", None) as traceparent:
        assert traceparent is not None

    sent, above = kept_spans.get_finished_spans()
    assert sent.parent is not None
    assert above.context is not None
    assert sent.parent.span_id == above.context.span_id
    assert f"{sent.context.span_id:016x}" in traceparent if sent.context else False


def test_what_nobody_traces_begins_no_trace_where_it_is_sent(
    kept_spans: InMemorySpanExporter,
) -> None:
    with sending("t", 1, "r", None) as traceparent:
        assert traceparent is None

    assert kept_spans.get_finished_spans() == ()


def test_where_nobody_makes_spans_a_traceparent_is_carried_on() -> None:
    with carried(SAMPLED), sending("t", 1, "r", None) as traceparent:
        assert traceparent == SAMPLED
        assert to_carry() == SAMPLED
    with carried("nonsense"):
        assert to_carry() is None
    # Of any length: what it goes into has a bound.
    with carried(f"01-{SAMPLED[3:]}-{'z' * 999}"), sending("t", 1, "r", None) as traceparent:
        assert traceparent == SAMPLED


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "'zipkin'"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "'grpc'"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "'http/json'"),
    ],
)
def test_what_is_asked_for_in_vain_is_said_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv(name, value)

    with traced("a service"):
        assert spans.begin("a", "internal", {}) is None

    assert name in caplog.text
    assert said in what_is_wrong()


@pytest.mark.parametrize("more", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, more: dict[str, str]) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    for name, value in more.items():
        monkeypatch.setenv(name, value)

    with traced("a service"):
        assert spans.begin("a", "internal", {}) is None


def test_nothing_of_opentelemetry_is_imported_unless_somebody_asks_for_it() -> None:
    looks = """
import sys
import rescind, rescind.runners.client, rescind.asking.line, rescind.processors.worker
import rescind.cli.asking.cancelling, rescind.cli.services, rescind.client
from rescind.tracing import spans
from rescind.tracing.exporting import traced
with traced("a"):
    assert spans.begin("a", "internal", {}) is None and spans.current() is None
    assert not spans.may_begin("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    run = subprocess.run(
        [sys.executable, "-c", looks], capture_output=True, text=True, check=False, env={}
    )

    assert run.stdout.strip() == "[]", run.stderr
