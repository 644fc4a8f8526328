"""Lines about a run carry its id, the request's and the trace's; and no line has a secret."""

import json
import re
import secrets
from typing import Any, Final

import httpx
import pytest

from tests.kafka.processors.service import KEY
from tests.scenarios import flows_in_infrastructure
from tests.scenarios.harness import Scene
from tests.scenarios.processes import Process
from tests.waiting import until

SECONDS: Final = 60.0
REASON: Final = "what only those may read who may read the journal"


def lines(process: Process) -> list[dict[str, Any]]:
    """What it has logged; whatever else it has printed is no JSON."""
    found = [line for line in process.said().splitlines() if line.startswith("{")]
    return [json.loads(line) for line in found]


def line(process: Process, beginning: str) -> dict[str, Any] | None:
    return next((each for each in lines(process) if beginning in str(each["event"])), None)


async def cancelled(server: Process, flow_run_id: str, traceparent: str) -> str:
    """Ask for it by HTTP; the id of the request."""
    pattern = re.compile(r"http://127\.0\.0\.1:\d+")
    await until(lambda: pattern.search(server.said()) is not None, within_seconds=SECONDS)
    (address, *_) = pattern.findall(server.said())
    async with httpx.AsyncClient(base_url=address, timeout=SECONDS) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await until(is_ready, within_seconds=SECONDS)
        answer = await client.post(
            f"/api/v1/flow-runs/{flow_run_id}/cancel",
            json={"reason": REASON, "grace_seconds": 600},
            headers={"traceparent": traceparent},
        )
    assert answer.status_code == 202, answer.text
    request_id: str = answer.json()["request_id"]
    return request_id


async def test_lines_about_a_run_name_it_and_its_trace(
    own: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_LOG_FORMAT", "json")
    monkeypatch.setenv("RESCIND_JOB", "a job")
    flow_run_id = own.named("logged")
    folder = own.house.folder / flow_run_id
    folder.mkdir()
    worker, agents = own.house.worker(), own.house.agents()
    server = own.house.start("-m", "rescind", "server", http_port=0, access="open")
    run = own.house.command(
        *("run", f"{flows_in_infrastructure.__file__}:is_deaf", "--flow-run-id", flow_run_id),
        *("--executor", "thread", "--param", f"folder={folder}"),
    )
    await until((folder / "began").exists, within_seconds=SECONDS)
    trace = secrets.token_hex(16)

    request_id = await cancelled(server, flow_run_id, f"00-{trace}-00f067aa0ba902b7-00")

    await until(lambda: line(run, "cannot be stopped") is not None, within_seconds=SECONDS)
    told = line(run, "cannot be stopped") or {}
    answered = line(server, "a cancel is answered") or {}
    assert (told["flow_run_id"], told["trace_id"]) == (flow_run_id, trace)
    assert (answered["flow_run_id"], answered["trace_id"]) == (flow_run_id, trace)
    assert answered["request_id"] == request_id
    assert (answered["outcome"], answered["status"]) == ("cancelling", 202)
    for process in (worker, agents, server, run):
        said = "\n".join(json.dumps(each) for each in lines(process))
        assert KEY not in said
        assert REASON not in said
    run.kill()


async def test_the_format_of_lines_can_be_chosen_in_the_file_too(own: Scene) -> None:
    file = own.house.folder / "rescind.toml"
    file.write_text('log_format = "console"\n')

    agents = own.house.agents(config=file)

    await until(lambda: "agents begin" in agents.said(), within_seconds=SECONDS)
    (begins,) = [each for each in agents.said().splitlines() if "agents begin" in each]
    assert not begins.startswith("{")


async def test_a_format_that_is_none_is_said_in_a_sentence(own: Scene) -> None:
    agents = own.house.agents(log_format="xml")

    assert await agents.exit_code() == 2
    assert "RESCIND_LOG_FORMAT to be 'json' or 'console', but it is 'xml'" in agents.said()
