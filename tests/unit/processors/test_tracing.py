"""What a lifecycle does about traces: its journal is the same with spans and without."""

from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rescind.tracing import spans
from tests.unit.processors.desk import NAMES, Desk, inboxes, written

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CANCEL = {"type": "flow.cancel", "flow_run_id": "f", "reason": "a secret", "traceparent": GIVEN}


def journal_of_a_traced_cancel() -> list[dict[str, Any]]:
    desk = Desk()
    desk.begin(tasks=["t1"])
    records = desk.put(CANCEL)
    records += desk.put(
        {
            "type": "task.finish",
            "flow_run_id": "f",
            "runner_id": "r",
            "items": [
                {"task_run_id": "t1", "end": "cancelled", "how": "graceful"},
                {"task_run_id": "body", "end": "cancelled", "how": "graceful"},
            ],
        }
    )
    return [orjson.loads(record.value or b"") for record in written(records, NAMES.journal)]


def test_what_follows_from_a_cancel_belongs_to_its_trace() -> None:
    journal = {said["type"]: said for said in journal_of_a_traced_cancel()}

    # The report carries none; that of the cancellation stays with it.
    assert "traceparent" not in journal["task.cancelled.v1"]
    derived = ["flow.cancelling.v1", "cancellation.sent.v1", "flow.cancelled.v1"]
    assert {journal[name]["traceparent"] for name in derived} == {GIVEN}


def test_the_journal_is_the_same_with_spans_and_without(kept_spans: InMemorySpanExporter) -> None:
    with_spans = journal_of_a_traced_cancel()
    assert kept_spans.get_finished_spans() == ()  # Nothing was committed: no span has ended.
    spans.use(None)

    assert journal_of_a_traced_cancel() == with_spans


def test_a_runner_is_told_below_the_deciding_and_else_below_the_asking(
    kept_spans: InMemorySpanExporter,
) -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    batch = desk.life.begin()
    batch.take(desk.read(CANCEL))
    batch.traces.end()
    (told,) = inboxes(desk.commit(batch))
    spans.use(None)
    start = {"type": "task.start", "flow_run_id": "f", "runner_id": "r"}
    (again,) = inboxes(desk.put({**start, "items": [{"task_run_id": "t2"}]}, lane="start"))

    (span,) = kept_spans.get_finished_spans()
    assert span.context is not None
    assert f"-{span.context.span_id:016x}-" in told["cancel_flow"][0]["traceparent"]
    assert again["cancel_flow"][0]["traceparent"] == GIVEN
    assert span.attributes is not None
    assert span.attributes["rescind.request.type"] == "flow.cancel"
    assert span.attributes["rescind.outcome"] == "flow.cancelling.v1"
    assert "a secret" not in span.to_json()


@pytest.mark.parametrize("odd", ["", "nonsense", "ß" * 257])
def test_what_is_no_traceparent_is_left_out_and_makes_no_span(
    kept_spans: InMemorySpanExporter, odd: str
) -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    batch = desk.life.begin()

    batch.take(desk.read({**CANCEL, "traceparent": odd}))
    batch.traces.end()

    assert kept_spans.get_finished_spans() == ()
    assert batch.entries[0].traceparent is None


def test_a_header_says_it_where_the_body_does_not() -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    bare = {key: value for key, value in CANCEL.items() if key != "traceparent"}
    for headers, expected in [
        ([("traceparent", GIVEN.encode())], GIVEN),
        ([("traceparent", b"\xff")], None),
    ]:
        read = desk.read(bare)
        batch = desk.life.begin()
        batch.take(read._replace(record=read.record._replace(headers=headers)))
        assert batch.entries[0].traceparent == expected


def test_a_state_without_a_trace_is_written_as_before() -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    untraced = {key: value for key, value in CANCEL.items() if key != "traceparent"}

    records = desk.put(untraced)

    assert not [record for record in records if b"traceparent" in (record.value or b"")]
