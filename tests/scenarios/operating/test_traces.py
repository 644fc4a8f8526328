"""One trace shows a cancel: asked by HTTP, decided, told, stopped, cancelled."""

import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from rescind.tracing.traceparent import trace_id_of
from tests.otlp import Received, Spans
from tests.scenarios import flows_in_infrastructure
from tests.scenarios.harness import Scene
from tests.scenarios.processes import Process
from tests.waiting import until

SECONDS: Final = 60.0
SPAN: Final = "00f067aa0ba902b7"


@asynccontextmanager
async def asking(server: Process) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it, once it answers."""
    pattern = re.compile(r"(http://127\.0\.0\.1:\d+)\b(?!/metrics)")
    await until(lambda: pattern.search(server.said()) is not None, within_seconds=SECONDS)
    found = pattern.search(server.said())
    assert found is not None
    async with httpx.AsyncClient(base_url=found[1], timeout=60) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await until(is_ready, within_seconds=SECONDS)
        yield client


async def cancelled_by_http(server: Process, flow_run_id: str, traceparent: str = "") -> int:
    """Ask it to cancel; the status."""
    headers = {"traceparent": traceparent} if traceparent else {}
    async with asking(server) as client:
        body = {"reason": "nobody else's business", "grace_seconds": 10}
        path = f"/api/v1/flow-runs/{flow_run_id}/cancel"
        return (await client.post(path, json=body, headers=headers)).status_code


async def running(scene: Scene, name: str = "traced") -> tuple[str, Process]:
    """A flow run in a process of its own, at work."""
    flow_run_id = scene.named(name)
    folder = scene.house.folder / flow_run_id
    folder.mkdir()
    run = scene.house.command(
        *("run", f"{flows_in_infrastructure.__file__}:works", "--flow-run-id", flow_run_id),
        *("--executor", "local", "--param", f"folder={folder}"),
    )

    def is_at_work() -> bool:
        assert not run.has_ended, run.said()
        return (folder / "began").exists()

    await until(is_at_work, within_seconds=SECONDS)
    return flow_run_id, run


def only(found: list[Received]) -> Received:
    (span,) = found
    return span


async def test_one_trace_shows_a_cancel_from_the_request_to_its_end(
    own: Scene, spans: Spans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_JOB", "a job")
    own.house.worker()
    server = own.house.start("-m", "rescind", "server", http_port=0, access="open")
    flow_run_id, run = await running(own)
    trace = secrets.token_hex(16)

    status = await cancelled_by_http(server, flow_run_id, f"00-{trace}-{SPAN}-01")

    assert status == 202
    await own.event(flow_run_id, "flow.cancelled")
    await run.exit_code()

    def is_whole() -> bool:
        finished = spans.of(trace, "rescind-worker", rescind__request__type="task.finish")
        asked = spans.of(trace, "rescind-server", "POST ")
        return bool(asked) and any("flow.cancelled.v1" in span.told for span in finished)

    await until(is_whole, within_seconds=SECONDS)
    asked = only(spans.of(trace, "rescind-server", "POST /api/v1/flow-runs/{flow_run_id}/cancel"))
    sent = only(spans.of(trace, "rescind-server", "send "))
    decided = only(spans.of(trace, "rescind-worker", rescind__request__type="flow.cancel"))
    told = only(spans.of(trace, "rescind-flow-runner", "process "))
    stops = spans.of(trace, "rescind-flow-runner", "stop attempt")
    reports = spans.of(trace, "rescind-worker", rescind__request__type="task.finish")
    assert (asked.kind, asked.parent_id) == ("server", SPAN)
    assert (sent.kind, sent.parent_id) == ("producer", asked.span_id)
    assert (decided.kind, decided.parent_id) == ("consumer", sent.span_id)
    assert decided.said["rescind.outcome"] == "flow.cancelling.v1"
    assert "cancellation.sent.v1" in decided.told
    assert (told.kind, told.parent_id) == ("consumer", decided.span_id)
    assert {stop.parent_id for stop in stops} == {told.span_id}
    assert len(stops) == 2
    assert {stop.said["rescind.end"] for stop in stops} == {"cancelled"}
    assert {report.parent_id for report in reports} == {told.span_id}
    assert "nobody else's business" not in "".join(str(span.said) for span in spans.all())

    after = own.events(flow_run_id)
    begun = [entry.event.type for entry in after].index("flow.cancelling.v1")
    assert {trace_id_of(entry.traceparent) for entry in after[begun:]} == {trace}
    assert {entry.traceparent for entry in after[:begun]} == {None}


async def test_a_cancel_of_no_trace_begins_one_where_it_is_asked(own: Scene, spans: Spans) -> None:
    own.house.worker()
    server = own.house.start("-m", "rescind", "server", http_port=0, access="open")
    run = await own.begun("untraced")

    assert await cancelled_by_http(server, run.flow_run_id) == 202

    entry = await own.event(run.flow_run_id, "flow.cancelling")
    trace = trace_id_of(entry.traceparent)
    assert trace is not None
    await until(lambda: bool(spans.of(trace, "rescind-worker")), within_seconds=SECONDS)
    await until(lambda: bool(spans.of(trace, "rescind-server", "POST ")), within_seconds=SECONDS)
    asked = only(spans.of(trace, "rescind-server", "POST "))
    assert asked.parent_id == ""


async def test_the_commands_cancel_is_a_span(own: Scene, spans: Spans) -> None:
    own.house.worker()
    run = await own.begun("by-command")

    code, said = await own.rescind("cancel", run.flow_run_id)

    assert code == 0, said
    entry = await own.event(run.flow_run_id, "flow.cancelling")
    trace = trace_id_of(entry.traceparent) or ""
    await until(lambda: bool(spans.of(trace, "rescind-worker")), within_seconds=SECONDS)
    await until(lambda: bool(spans.of(trace, "rescind-cli", "resc")), within_seconds=SECONDS)
    command = only(spans.of(trace, "rescind-cli", "rescind cancel"))
    assert only(spans.of(trace, "rescind-cli", "send ")).parent_id == command.span_id


async def test_without_an_exporter_the_trace_is_carried_on_all_the_same(own: Scene) -> None:
    own.house.worker()
    server = own.house.start("-m", "rescind", "server", http_port=0, access="open")
    run = await own.begun("carried")
    given = f"00-{secrets.token_hex(16)}-{SPAN}-01"

    assert await cancelled_by_http(server, run.flow_run_id, given) == 202

    await own.event(run.flow_run_id, "cancellation.sent")
    assert {entry.traceparent for entry in own.events(run.flow_run_id, "cancellation")} == {given}


def _hangs(listening: socket.socket) -> str:
    # It accepts what the kernel does for it, and never answers.
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def _refuses(listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    listening.close()
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("receiver", [_hangs, _refuses])
async def test_who_collects_traces_may_be_away_or_hang(
    own: Scene, monkeypatch: pytest.MonkeyPatch, receiver: Callable[[socket.socket], str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver(listening))
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        worker = own.house.worker()
        run = await own.begun("collected-by-nobody")

        code, said = await own.rescind("cancel", run.flow_run_id)
        await run.ends("body", "cancelled", how="graceful")
        worker.terminate()
        began = time.monotonic()
        ended = await worker.exit_code()

    assert code == 0, said
    assert ended == 0
    assert time.monotonic() - began < 20
    assert "Traceback" not in worker.said() + said


async def test_what_is_no_traceparent_is_left_out_and_begins_nothing(
    own: Scene, spans: Spans, tmp_path: Path
) -> None:
    own.house.worker()
    for number, odd in enumerate(["", "no", "00-" + "0" * 32 + f"-{SPAN}-01", "ß" * 300]):
        run = await own.begun(f"odd-{number}")

        (entry, *_) = await own.cancel(run.flow_run_id, traceparent=odd)

        assert entry.event.type == "flow.cancelling.v1"
        assert entry.traceparent is None
    assert not [span for span in spans.all() if span.service == "rescind-worker"]
