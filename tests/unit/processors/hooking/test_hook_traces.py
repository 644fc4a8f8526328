"""A hook is told below the trace of the cancellation, with spans and without."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from rescind.kafka.records import Record
from rescind.processors.hooking.alarms import Alarms
from rescind.processors.hooking.lanes import Lanes
from rescind.processors.hooking.notices import Notice
from rescind.processors.hooking.webhook import Webhook
from rescind.processors.measuring.hooks import HookMeters
from rescind.tracing.traceparent import trace_id_of
from tests.sink import Answer, Request, Sink, sink
from tests.unit.processors.desk import NAMES, Desk, written
from tests.unit.processors.hooking.telling import EVENT, notice, webhook

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
async def receiver() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made


async def told(receiver: Sink, said: Notice) -> Request:
    """The last request by which this was told."""
    taken = asyncio.Event()

    async def bury(*_: Any) -> None:
        taken.set()

    target = Webhook(webhook(receiver))
    meters = HookMeters(CollectorRegistry())
    lanes = Lanes("ops", target, 3600, lambda _: taken.set(), bury, meters, lambda: EVENT.at)
    lanes.put(said)
    await asyncio.wait_for(taken.wait(), 60)
    await lanes.close()
    await target.close()
    return receiver.requests[-1]


@pytest.mark.parametrize(
    "traceparent, expected",
    [
        (GIVEN, GIVEN),
        (f"01-{GIVEN[3:]}-{'z' * 999}", GIVEN),
        ("nonsense\r\nx: y", None),
        (None, None),
    ],
)
async def test_a_receiver_is_told_the_trace(
    receiver: Sink, traceparent: str | None, expected: str | None
) -> None:
    request = await told(receiver, notice(7)._replace(traceparent=traceparent))

    assert request.headers.get("traceparent") == expected
    assert request.is_signed()


async def test_each_try_is_a_span_and_one_that_was_not_taken_a_failure(
    receiver: Sink, kept_spans: InMemorySpanExporter
) -> None:
    answers = iter([Answer(410), Answer(204)])
    receiver.script = lambda _: next(answers)

    requests = [await told(receiver, notice(n)._replace(traceparent=GIVEN)) for n in (7, 8)]

    failed, taken = kept_spans.get_finished_spans()
    assert [_span_id(span) for span in (failed, taken)] == [
        request.headers["traceparent"].split("-")[2] for request in requests
    ]
    assert {trace_id_of(request.headers["traceparent"]) for request in requests} == {TRACE}
    assert (failed.attributes or {})["error.type"] == "not_taken"
    assert (failed.attributes or {})["http.response.status_code"] == 410
    assert "error.type" not in (taken.attributes or {})
    assert (taken.name, (taken.attributes or {})["rescind.hook"]) == ("tell flow.cancelled", "ops")


async def test_of_no_trace_no_span_is_begun(
    receiver: Sink, kept_spans: InMemorySpanExporter
) -> None:
    await told(receiver, notice(7))

    assert kept_spans.get_finished_spans() == ()


def test_what_follows_from_a_cancel_is_told_with_its_trace() -> None:
    desk = Desk()
    desk.begin()
    cancel = {"type": "flow.cancel", "flow_run_id": "f", "traceparent": GIVEN}
    end = {"task_run_id": "body", "end": "cancelled", "how": "graceful"}
    records = desk.put(cancel)
    records += desk.put(
        {"type": "task.finish", "flow_run_id": "f", "runner_id": "r", "items": [end]}
    )
    alarms = Alarms(lambda _: True)

    notices: list[Notice] = []
    for n, out in enumerate(written(records, NAMES.cancellations)):
        found = alarms.read(Record(out.topic, 0, n, 0, out.key, out.value, out.headers))
        notices += (*found.now, *alarms.due(4_102_444_800_000, 9))

    kinds = {each.event.type.value for each in notices}
    assert {"flow.cancelling", "flow.stuck", "flow.cancelled"} <= kinds
    assert {each.traceparent for each in notices} == {GIVEN}


def _span_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"
