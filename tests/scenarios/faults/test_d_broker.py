"""The broker goes away for longer than a runner may be silent: nobody is lost, nothing is lost."""

import time
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.broker import formatted_broker
from tests.scenarios.harness import House, Scene, alone, types_of
from tests.waiting import until

LOST_AFTER_SECONDS: Final = 3.0
AWAY_SECONDS: Final = 3 * LOST_AFTER_SECONDS


@pytest.mark.slow
async def test_34_a_broker_that_is_away_for_long_loses_nobody_and_nothing(tmp_path: Path) -> None:
    async with formatted_broker(tmp_path / "kafka") as broker:
        folder = tmp_path / "house"
        folder.mkdir()
        house = House(
            broker.bootstrap, folder, heartbeat_seconds=0.5, lost_after_seconds=LOST_AFTER_SECONDS
        )
        async with alone(house) as scene:
            services = [house.worker(), house.agents()]
            going_on = scene.flow("one_that_returns", "threads")
            cancelling = scene.flow("one_that_lingers", "threads")
            await going_on.begun("stubborn")
            await cancelling.begun("lingering")
            await scene.cancel(cancelling.flow_run_id)
            await scene.event(cancelling.flow_run_id, "cancellation.acknowledged")
            # Somebody does notice who is silent.
            silent = await scene.begun("silent")
            await scene.event(silent.flow_run_id, "flow.failed")
            everybody = [*services, going_on.process, cancelling.process]
            said = [len(one.said().splitlines()) for one in everybody]

            await broker.stop_async()
            used = [busy_seconds(one.pid) for one in everybody]
            over = time.monotonic() + AWAY_SECONDS
            await until(lambda: time.monotonic() > over, within_seconds=2 * AWAY_SECONDS)
            for one, before in zip(everybody, used, strict=True):
                assert not one.has_ended, one.said()[-2000:]
                assert busy_seconds(one.pid) - before < AWAY_SECONDS / 2, "it runs hot"
            going_on.go_on("stubborn")
            cancelling.go_on("lingering")
            await broker.start_async()

            await ends_well(scene, cancelling.flow_run_id, "flow.cancelled")
            await ends_well(scene, going_on.flow_run_id, "flow.succeeded")
            assert await cancelling.outcome() == "cancelled"
            assert await going_on.outcome() == "success"
            # And who is silent then is noticed again.
            after = await scene.begun("after")
            await scene.event(after.flow_run_id, "flow.failed")
            lost = {e.stream_id for e in scene.journal.entries if "runner.lost" in e.event.type}
            assert lost == {silent.runner_id, after.runner_id}
            for one, lines in zip(everybody, said, strict=True):
                assert len(one.said().splitlines()) - lines < 100, one.said()[-5000:]


async def ends_well(scene: Scene, flow_run_id: str, kind: str) -> None:
    """Wait for this end, and see that it is the only one."""
    await scene.event(flow_run_id, kind)
    ends = {"flow.cancelled", "flow.failed", "flow.succeeded"}
    assert [t for t in types_of(scene.events(flow_run_id)) if t in ends] == [kind]


def busy_seconds(pid: int) -> float:
    """How long a process has kept a processor busy, its children left out."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
