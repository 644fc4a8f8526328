"""From a bulk cancellation's trace one finds each flow run's: asked, decided, told, stopped."""

import secrets
from typing import Any

import httpx
import pytest

from tests.otlp import Received, Spans
from tests.scenarios.harness import Scene
from tests.scenarios.operating.test_traces import SECONDS, SPAN, asking, only, running
from tests.waiting import until

ALL = "/api/v1/bulk-cancellations"


async def cancelled_by_http(client: httpx.AsyncClient, traceparent: str) -> str:
    """Describe all that there is, with this header, and start it without one; its id."""
    headers = {"traceparent": traceparent}
    body = {"where": {"states": ["Running"]}, "reason": "nobody else's business"}
    made = await client.post(ALL, json=body, headers=headers)
    assert made.status_code == 201, made.text
    bulk_id = str(made.json()["bulk_id"])

    async def is_counted() -> bool:
        shown: dict[str, Any] = (await client.get(f"{ALL}/{bulk_id}")).json()
        return shown.get("count") is not None

    await until(is_counted, within_seconds=SECONDS)
    assert (await client.post(f"{ALL}/{bulk_id}/start")).status_code == 200
    return bulk_id


async def test_each_flow_run_is_followed_from_the_bulk_cancellation_to_its_end(
    own: Scene, spans: Spans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_JOB", "a job")
    own.house.worker()
    own.house.agents()
    server = own.house.start("-m", "rescind", "server", http_port=0, access="open")
    runs = [await running(own, name) for name in ("one", "other")]
    trace = secrets.token_hex(16)

    async with asking(server) as client:
        bulk_id = await cancelled_by_http(client, f"00-{trace}-{SPAN}-01")
    for flow_run_id, run in runs:
        await own.event(flow_run_id, "flow.cancelled")
        await run.exit_code()

    def traces() -> list[str]:
        parts = spans.of(trace, "rescind-agents", "ask flow runs", rescind__bulk_id=bulk_id)
        return [of for part in parts for of, _ in part.links]

    def is_whole() -> bool:
        reports = [
            spans.of(of, "rescind-worker", rescind__request__type="task.finish") for of in traces()
        ]
        ends = [[span for span in each if "flow.cancelled.v1" in span.told] for each in reports]
        return len(ends) == len(runs) and all(ends)

    await until(is_whole, within_seconds=SECONDS)
    found = {follow(spans, of, bulk_id) for of in traces()}
    assert found == {flow_run_id for flow_run_id, _ in runs}
    (part,) = spans.of(trace, "rescind-agents")
    assert {link for of in traces() for link in asked_in(spans, of).links} == {
        (trace, part.span_id)
    }
    assert part.parent_id == only(spans.of(trace, "rescind-server", "send ")).span_id
    assert only(spans.of(trace, "rescind-worker")).said["rescind.bulk_id"] == bulk_id
    assert "nobody else's business" not in "".join(str(span.said) for span in spans.all())


def asked_in(spans: Spans, trace: str) -> Received:
    return only(spans.of(trace, "rescind-agents", "cancel flow run"))


def follow(spans: Spans, trace: str, bulk_id: str) -> str:
    """The flow run of a trace that has all there is to see."""
    asked = asked_in(spans, trace)
    sent = only(spans.of(trace, "rescind-agents", "send "))
    decided = only(spans.of(trace, "rescind-worker", rescind__request__type="flow.cancel"))
    told = only(spans.of(trace, "rescind-flow-runner", "process "))
    stops = spans.of(trace, "rescind-flow-runner", "stop attempt")
    assert (asked.parent_id, asked.said["rescind.bulk_id"]) == ("", bulk_id)
    assert asked.said["rescind.outcome"] == "flow.cancelling.v1"
    assert (sent.kind, sent.parent_id) == ("producer", asked.span_id)
    assert (decided.kind, decided.parent_id) == ("consumer", sent.span_id)
    assert (told.kind, told.parent_id) == ("consumer", decided.span_id)
    assert {stop.parent_id for stop in stops} == {told.span_id}
    assert {stop.said["rescind.end"] for stop in stops} == {"cancelled"}
    assert decided.said["rescind.flow_run_id"] == asked.said["rescind.flow_run_id"]
    return asked.said["rescind.flow_run_id"]
