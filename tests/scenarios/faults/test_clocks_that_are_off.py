"""Whose own clock is off by minutes changes nothing: all that is timed goes by the broker's."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.scenarios.harness import House, RunningFlow, Scene, alone, refusals_in
from tests.scenarios.processes import Process
from tests.waiting import until

MINUTES = 600


@pytest.fixture
async def untimely(bootstrap: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A deployment of its own, with short times and nobody in it yet."""
    times = {"heartbeat_seconds": 0.5, "lost_after_seconds": 3, "armed_seconds": 2}
    async with alone(House(bootstrap, tmp_path, **times)) as scene:
        yield scene


def off_by(scene: Scene, seconds: int, module: str, *arguments: str) -> Process:
    """Start this with a wall clock that is so many seconds ahead."""
    off = ("-m", "tests.scenarios.clock_off", str(seconds), module)
    return scene.house.start(*off, *arguments)


@pytest.mark.parametrize("seconds", [MINUTES, -MINUTES], ids=["ahead", "behind"])
async def test_a_deadline_strikes_at_its_time_whatever_clock_the_worker_has(
    untimely: Scene, seconds: int
) -> None:
    first = off_by(untimely, seconds, "rescind", "worker")
    flow, next_one = await untimely.begun("flow"), await untimely.begun("next")
    armed = untimely.named("nobody")
    begun = {}
    for one in (flow.flow_run_id, armed):
        (begun[one],) = await untimely.cancel(one, deadline_seconds=2)
    over = await untimely.event(flow.flow_run_id, "flow.cancelled")
    lapsed = await untimely.event(armed, "cancellation.lapsed")
    # And one that is off the other way fires the clock of a cancel that it has not seen begin.
    (begun[next_one.flow_run_id],) = await untimely.cancel(next_one.flow_run_id, deadline_seconds=2)
    first.kill()
    off_by(untimely, -seconds, "rescind", "worker")
    over_later = await untimely.event(next_one.flow_run_id, "flow.cancelled")

    for end in (over, lapsed, over_later):
        assert end.at_ms - begun[end.stream_id].at_ms >= 2_000
    # A clock that is ahead would have struck before its time, and been sent away.
    assert "early" not in refusals_in(untimely.journal.entries)


@pytest.mark.parametrize("seconds", [MINUTES, -MINUTES], ids=["ahead", "behind"])
async def test_agents_give_up_who_is_silent_and_nobody_else_whatever_clocks_they_all_have(
    untimely: Scene, tmp_path: Path, seconds: int
) -> None:
    off_by(untimely, -seconds, "rescind", "worker")
    off_by(untimely, seconds, "rescind", "agents")
    folder = tmp_path / "flow"
    folder.mkdir()
    flow_run_id = untimely.named("beats")
    told = ("one_that_sleeps", "processes", flow_run_id, str(folder))
    process = off_by(untimely, -seconds, "tests.scenarios.flows", *told)
    beats = RunningFlow(flow_run_id, folder, process)
    await beats.begun("nap")
    # Registered later, so whoever is taken for silent from the beginning is given up before it.
    silent = await untimely.begun("silent")

    await untimely.event(silent.flow_run_id, "flow.failed")

    assert not untimely.events(flow_run_id, "flow.cancelling")
    await untimely.cancel(flow_run_id)
    assert await beats.outcome() == "cancelled"
    tasks = await untimely.task_states(flow_run_id)
    assert tasks["nap-1"].how == "graceful"


@pytest.mark.parametrize(
    "seconds, which", [(MINUTES, "ahead of"), (-MINUTES, "behind")], ids=["ahead", "behind"]
)
async def test_the_doctor_says_by_how_much_this_machines_clock_is_off(
    untimely: Scene, seconds: int, which: str
) -> None:
    process = off_by(untimely, seconds, "rescind", "doctor", "--json")

    # No worker runs here, and that is said too.
    assert await process.exit_code() == 1

    said = {check["check"]: check for check in orjson.loads(process.said())}
    assert said["clock"]["verdict"] == "warn"
    assert f" ms {which} the broker's" in said["clock"]["says"]
    assert "NTP" in said["clock"]["remedy"]


async def test_the_doctor_names_each_worker_agent_and_runner_whose_clock_is_off(
    untimely: Scene, tmp_path: Path
) -> None:
    untimely.house.worker()
    off_by(untimely, MINUTES, "rescind", "agents")
    folder = tmp_path / "flow"
    folder.mkdir()
    flow_run_id = untimely.named("beats")
    told = ("one_that_sleeps", "processes", flow_run_id, str(folder))
    process = off_by(untimely, -MINUTES, "tests.scenarios.flows", *told)
    flow = RunningFlow(flow_run_id, folder, process)
    await flow.begun("nap")

    found: dict[str, Any] = {}

    async def both_are_named() -> bool:
        doctor = untimely.house.command("doctor", "--json")
        await doctor.exit_code()
        found.update({one["check"]: one for one in orjson.loads(doctor.said())})
        return {"ahead", "behind"} <= set(found["clocks"]["says"].split())

    # A runner's second heartbeat shows that the first was not only slow.
    await until(both_are_named)

    host, clocks = socket.gethostname(), found["clocks"]
    assert clocks["verdict"] == "warn"
    assert clocks["says"].startswith(f"on {host}: ")
    said = clocks["says"].removeprefix(f"on {host}: ").split("; ")
    whose = {one.split()[0]: one.partition(" is ")[2] for one in said}
    # The worker's is right, as the doctor's own is.
    assert whose.keys() == {"agents", "runner"}
    assert whose["agents"].endswith(" ahead of the broker's")
    assert whose["runner"].endswith(" behind the broker's")
    assert "NTP" in clocks["remedy"]
    assert found["clock"]["verdict"] == "ok"
    await untimely.cancel(flow_run_id)
    assert await flow.outcome() == "cancelled"
