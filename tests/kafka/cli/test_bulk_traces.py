"""Traces of a bulk cancellation on a real Kafka: what its cancels carry, also after a restart."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rescind.events.journal import Entry
from rescind.statemachine.records import BULK_KEY
from rescind.tracing.traceparent import trace_id_of
from tests.kafka.cli.test_bulk import registered, sweeping
from tests.kafka.processors.service import Service

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"
CREATE = {"type": "bulk.create", "bulk_id": "night", "where": {"labels": {"team": "etl"}}}


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


async def swept(service: Service, names: str, **more: str) -> dict[str, Entry]:
    """Cancel these by one that is created with this; what began each cancellation.

    Whoever counts it and whoever starts it are two, as after a restart.
    """
    await registered(service, *names)
    journal = service.journal
    async with sweeping(service):
        await service.answer_to({**CREATE, **more})
        await journal.until(lambda: bool(of_bulk(service, "counted")))
    async with sweeping(service):
        await service.answer_to({"type": "bulk.start", "bulk_id": "night"})
        await journal.until(lambda: bool(of_bulk(service, "completed")))
    cancelled = [entry for entry in journal.entries if "flow.cancel" in entry.event.type]
    return {entry.stream_id: entry for entry in cancelled}


def of_bulk(service: Service, kind: str) -> list[Entry]:
    return [e for e in service.journal.entries if e.event.type.startswith(f"bulk.{kind}.")]


async def test_each_flow_run_has_a_trace_that_the_bulk_cancellations_links_to(
    service: Service, kept_spans: InMemorySpanExporter
) -> None:
    cancelled = await swept(service, "abc", traceparent=GIVEN)

    found = kept_spans.get_finished_spans()
    (part,) = [span for span in found if span.name == "ask flow runs"]
    linked = {f"{link.context.trace_id:032x}" for link in part.links}
    decided = {
        str(span.attributes["rescind.flow_run_id"]): span
        for span in found
        if span.attributes and span.attributes.get("rescind.request.type") == "flow.cancel"
    }
    assert trace_of(part) == TRACE
    assert set(cancelled) == set(decided) == set("abc")
    assert {trace_id_of(entry.traceparent) for entry in cancelled.values()} == linked
    assert {trace_of(span) for span in decided.values()} == linked
    assert len(linked) == 3
    assert TRACE not in linked
    assert {str((span.attributes or {})["rescind.bulk_id"]) for span in decided.values()} == {
        "night"
    }
    # Kept by nobody but the journal: a state is as it was.
    states = [r for r in await service.read(service.names.open_flows) if r.key is not None]
    (state, *_) = [r for r in reversed(states) if r.key == f"{BULK_KEY}night".encode()]
    assert b"traceparent" not in (state.value or b"")


@pytest.mark.usefixtures("kept_spans")
async def test_one_of_no_trace_begins_none(service: Service) -> None:
    cancelled = await swept(service, "ab")

    assert {entry.traceparent for entry in cancelled.values()} == {None}


async def test_where_nobody_makes_spans_its_cancels_are_of_no_trace(service: Service) -> None:
    cancelled = await swept(service, "ab", traceparent=GIVEN)

    assert {entry.traceparent for entry in of_bulk(service, "created")} == {GIVEN}
    assert {entry.traceparent for entry in cancelled.values()} == {None}
