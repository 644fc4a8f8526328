"""Flow runs within flow runs: what is said before a cancel over HTTP, and what comes of it."""

from collections.abc import AsyncIterator

import pytest

from rescind.runners.client import CascadePolicy, Ended, Run, RunnerClient
from tests.scenarios.families import begin_child, begin_family, told
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api


@pytest.fixture
async def runner(scene: Scene) -> AsyncIterator[RunnerClient]:
    async with RunnerClient(scene.house.settings) as runner:
        yield runner


async def begun(
    runner: RunnerClient, scene: Scene, parent: Run, cascade: CascadePolicy, count: int
) -> list[Run]:
    """So many running children under this policy, which they are named after."""
    return [
        await begin_child(runner, scene, parent, f"{cascade}-{number}", cascade)
        for number in range(count)
    ]


async def state_of(scene: Scene, api: Api, run: Run) -> str:
    await api.has_read(scene, run.flow_run_id)
    return str((await api.get(f"/flow-runs/{run.flow_run_id}")).json()["state"])


async def test_53_54_by_http_what_becomes_of_children_is_foretold_and_so_it_comes(
    scene: Scene, api: Api, runner: RunnerClient
) -> None:
    parent, waited = await begin_family(runner, scene, CascadePolicy.WAIT)
    asked = await begun(runner, scene, parent, CascadePolicy.REQUEST, 2)
    alone = await begun(runner, scene, parent, CascadePolicy.NONE, 3)
    await api.has_read(scene, parent.flow_run_id)
    at = f"/flow-runs/{parent.flow_run_id}"

    foretold = (await api.get(f"{at}/can-cancel")).json()
    answer = await api.cancel(parent.flow_run_id, reason="enough")
    for child in (waited, *asked):
        await told(child)
        assert await state_of(scene, api, child) == "Running.Cancelling"
        state = (await api.get(f"/flow-runs/{child.flow_run_id}")).json()
        assert state["cancellation"]["reason"] == "enough"
        assert state["parent"]["flow_run_id"] == parent.flow_run_id
    await parent.end(Ended.cancelled())

    # Its runner has its own code in hand, and can stop nothing of a child's.
    assert (foretold["running"], foretold["runners"][0]["task_runs"]) == (1, 1)
    assert foretold["children_counts"] == {"waited_for": 1, "asked": 2, "left_alone": 3}
    assert answer.json()["outcome"] == "cancelling"
    assert await state_of(scene, api, parent) == "Running.Cancelling"
    await waited.end(Ended.cancelled())
    await scene.event(parent.flow_run_id, "flow.cancelled")
    assert await state_of(scene, api, parent) == "Finished.Cancelled"
    assert await state_of(scene, api, asked[0]) == "Running.Cancelling"
    assert await state_of(scene, api, alone[0]) == "Running"
    timeline = (await api.get(f"{at}/task-runs/none-0/timeline")).json()["items"]
    assert "child.not_cancelled.v1" in [event["type"] for event in timeline]
    listed = (await api.get("/flow-runs", parent=parent.flow_run_id)).json()["items"]
    assert {one["flow_run_id"] for one in listed} == {
        child.flow_run_id for child in (waited, *asked, *alone)
    }
    for child in (*asked, *alone):
        await child.end(Ended.cancelled() if child in asked else Ended.success())


async def test_53_by_http_those_that_are_all_waited_for_are_counted_without_being_looked_at(
    scene: Scene, api: Api, runner: RunnerClient
) -> None:
    parent, first = await begin_family(runner, scene, CascadePolicy.WAIT)
    second = await begin_child(runner, scene, parent, "second", CascadePolicy.WAIT)
    await api.has_read(scene, parent.flow_run_id)
    at = f"/flow-runs/{parent.flow_run_id}/can-cancel"

    both = (await api.get(at)).json()["children_counts"]
    await second.end(Ended.success())
    await scene.event(parent.flow_run_id, "child.finished", "second")
    await api.has_read(scene, parent.flow_run_id)
    one = (await api.get(at)).json()["children_counts"]

    assert both == {"waited_for": 2, "asked": 0, "left_alone": 0}
    assert one == {"waited_for": 1, "asked": 0, "left_alone": 0}
    await first.end(Ended.success())
    await parent.end(Ended.success())


@pytest.mark.parametrize("by", ["its own id", "the task run that stands for it"])
async def test_57_by_http_a_child_that_is_cancelled_alone_leaves_its_parent_to_its_own_rule(
    scene: Scene, api: Api, runner: RunnerClient, by: str
) -> None:
    parent, child = await begin_family(runner, scene, CascadePolicy.WAIT)
    await api.has_read(scene, parent.flow_run_id)
    at = f"/flow-runs/{parent.flow_run_id}/task-runs/child"
    foretold = (await api.get(f"{at}/can-cancel")).json()

    if by == "its own id":
        answer = await api.cancel(child.flow_run_id)
    else:
        answer = await api.cancel(parent.flow_run_id, "child")
    await told(child)
    await child.end(Ended.cancelled())
    await scene.event(parent.flow_run_id, "child.finished", "child")

    assert foretold["children_counts"] == {"waited_for": 1, "asked": 0, "left_alone": 0}
    assert (foretold["running"], foretold["runners"]) == (0, [])
    assert (answer.status_code, answer.json()["outcome"]) == (202, "cancelling")
    assert await state_of(scene, api, parent) == "Running"
    task = (await api.get(at)).json()
    assert task["state"] == "Finished.Cancelled"
    assert task["child_flow_run_id"] == child.flow_run_id
    await parent.end(Ended.success())
    assert await state_of(scene, api, parent) == "Finished.Success"
