"""Workers of two releases side by side: what an older one cannot read it leaves to the newer."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from rescind.kafka.partitions import partition_of
from tests.scenarios.harness import PARTITIONS, House, Scene
from tests.scenarios.processes import Process
from tests.topics import topics_made
from tests.waiting import until


@pytest.fixture
async def scene(bootstrap: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A deployment of its own, with nobody in it yet, audited by the newer release."""
    house = House(bootstrap, tmp_path)
    async with topics_made(house.connection, house.names, PARTITIONS):
        try:
            async with Scene(house) as scene:
                yield scene
            audit = newer(house, "audit", "verify", "--json")
            assert await audit.exit_code() == 0, audit.said()
        finally:
            house.close()
            sys.stdout.write(house.said())


def newer(house: House, *arguments: str, **settings: Any) -> Process:
    """Run the command as a release to come."""
    return house.start("-m", "tests.scenarios.newer_release", *arguments, **settings)


async def levels_of(scene: Scene) -> set[int]:
    """The feature level of each partition."""
    records = await scene.read(scene.names.open_flows)
    positions = {r.partition: r.value or b"" for r in records if r.key == b"@position"}
    return {orjson.loads(value)["schema"] for value in positions.values()}


async def begin_in_each_partition(scene: Scene, name: str = "flow") -> list[str]:
    """An open flow run for each partition."""
    begun: list[str] = []
    for partition in range(PARTITIONS):
        names = (scene.named(f"{name}-{number}") for number in range(99))
        flow_run_id = next(n for n in names if partition_of(n, PARTITIONS) == partition)
        await scene.begin(flow_run_id, f"runner-{partition}", ["t"])
        begun.append(flow_run_id)
    return begun


async def cancel_each(scene: Scene, flow_run_ids: list[str]) -> None:
    """They are all served: each is cancelled to its end."""
    for flow_run_id in flow_run_ids:
        await scene.cancel(flow_run_id)
        runner_id = f"runner-{scene.partition_of(flow_run_id)}"
        ends = [{"task_run_id": name, "end": "cancelled"} for name in ("t", "body")]
        about = {"flow_run_id": flow_run_id, "runner_id": runner_id}
        await scene.answer_to({"type": "task.finish", **about, "items": ends})
        await scene.event(flow_run_id, "flow.cancelled")


async def test_a_worker_that_cannot_read_a_newer_state_leaves_it_to_those_who_can(
    scene: Scene,
) -> None:
    newer(scene.house, "worker", feature_level=2)
    flow_run_ids = await begin_in_each_partition(scene)

    older = scene.house.worker()

    assert await older.exit_code() != 0
    assert "schema 2, while this release reads 1" in older.said()
    assert "Traceback" not in older.said()
    await cancel_each(scene, flow_run_ids)


async def test_until_the_level_is_raised_each_release_takes_over_from_the_other(
    scene: Scene,
) -> None:
    first = scene.house.worker()
    flow_run_ids = await begin_in_each_partition(scene)
    first.terminate()
    assert await first.exit_code() == 0
    upgraded = newer(scene.house, "worker")
    flow_run_ids += await begin_in_each_partition(scene, "flow-of-the-newer")
    upgraded.terminate()
    assert await upgraded.exit_code() == 0

    scene.house.worker()

    await cancel_each(scene, flow_run_ids)
    assert await levels_of(scene) == {1}


async def test_a_level_that_was_raised_never_falls(scene: Scene) -> None:
    raising = newer(scene.house, "worker", feature_level=2)
    flow_run_ids = await begin_in_each_partition(scene)
    raising.terminate()
    assert await raising.exit_code() == 0

    newer(scene.house, "worker", feature_level=1)

    await cancel_each(scene, flow_run_ids)
    assert await levels_of(scene) == {2}


async def test_a_newer_worker_beside_an_older_one_takes_over_what_that_has_written(
    scene: Scene,
) -> None:
    older = scene.house.worker()
    flow_run_ids = await begin_in_each_partition(scene)
    newer(scene.house, "worker", feature_level=2)

    async def newer_one_serves_too() -> bool:
        flow_run_ids.extend(await begin_in_each_partition(scene, f"flow-{len(flow_run_ids)}"))
        written = [record.value or b"" for record in await scene.read(scene.names.open_flows)]
        return any(b'"schema":2' in value for value in written)

    await until(newer_one_serves_too, within_seconds=60)
    older.terminate()

    assert await older.exit_code() == 0
    await cancel_each(scene, flow_run_ids)
