"""Runners, and what was not seen to stop, by both clients."""

from tests.clients import Asker
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import has_read
from tests.scenarios.http.http_following import Listening


async def test_runners_and_what_was_not_seen_to_stop_are_listed(
    scene: Scene, server: Listening, ours: Asker
) -> None:
    flow = await scene.begun(tasks=["t"])
    await scene.cancel(flow.flow_run_id)
    await flow.ends("t", "cancelled", how="forced", stopped_confirmed=False)
    await has_read(server.means.model, scene, flow.flow_run_id)

    runners = {one.runner_id: one for one in await ours.rows(lambda it: it.list_runners())}
    unseen = await ours.rows(lambda it: it.list_unconfirmed_task_runs(page_size=1))

    assert set(runners[flow.runner_id].states.values()) == {"Registered"}
    assert runners[flow.runner_id].task_runs_held >= 1
    found = [task for task in unseen if task.flow_run_id == flow.flow_run_id]
    assert [task.task_run_id for task in found] == ["t"]
