"""What becomes of a cancelled flow run and of each of its task runs, as the API has it."""

from typing import Any

import pytest

from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api

RESULT = "s3://results/kept"


async def test_10_12_13_14_16_by_http_each_task_run_has_the_end_that_it_came_to(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun(tasks=["stops", "returns", "raises", "retries"])
    await flow.says("task.register", items=[{"task_run_id": "waits"}])
    await flow.ends("retries", "failed", retry_at="2099-01-01T00:00:00Z")
    await api.cancel(flow.flow_run_id)

    await flow.ends("stops", "cancelled", how="graceful", stopped_confirmed=True)
    await flow.ends("returns", "success", result_ref=RESULT)
    await flow.ends("raises", "failed", error={"type": "ValueError", "message": "no rows"})
    await flow.ends("body", "cancelled")
    await scene.event(flow.flow_run_id, "flow.cancelled")
    await api.has_read(scene, flow.flow_run_id)

    tasks = await task_runs(api, flow)
    assert {name: (task["state"], task["how"]) for name, task in tasks.items()} == {
        "stops": ("Finished.Cancelled", "graceful"),
        "returns": ("Finished.Success", None),
        "raises": ("Finished.Failed", None),
        "retries": ("Finished.Cancelled", "not_retried"),
        "waits": ("Finished.Cancelled", "never_started"),
        "body": ("Finished.Cancelled", "graceful"),
    }
    assert tasks["returns"]["result_ref"] == RESULT
    assert tasks["raises"]["error"]["message"] == "no rows"
    assert tasks["waits"]["started_at"] is None
    account = (await api.get(f"/flow-runs/{flow.flow_run_id}/cancellation")).json()
    assert account["state"] == "Finished.Cancelled"
    assert account["ended"] == {"graceful": 1, "never_started": 1, "not_retried": 1}
    counted = account["cancellation"]["account"]
    assert (counted["cancelled"], counted["succeeded"], counted["failed"]) == (1, 1, 1)


async def test_11_by_http_a_start_that_was_refused_is_in_the_timeline(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun(tasks=["t"])
    await flow.says("task.register", items=[{"task_run_id": "waits"}])
    await api.cancel(flow.flow_run_id)

    await flow.says("task.start", items=[{"task_run_id": "waits"}])
    await api.has_read(scene, flow.flow_run_id)

    at = f"/flow-runs/{flow.flow_run_id}/task-runs/waits"
    timeline = (await api.get(f"{at}/timeline")).json()["items"]
    assert "task.started.v1" not in [event["type"] for event in timeline]
    assert timeline[-1]["code"] in {"already_finished", "cancelling"}
    assert (await api.get(at)).json()["started_at"] is None


async def test_23_by_http_the_account_of_what_all_ended_well_has_nobody_cancelled(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun_without_body(tasks=["a", "b"])
    await api.cancel(flow.flow_run_id)
    for task in ("a", "b"):
        await flow.ends(task, "success")
    await api.has_read(scene, flow.flow_run_id)

    account = (await api.get(f"/flow-runs/{flow.flow_run_id}/cancellation")).json()

    assert (account["state"], account["ended"]) == ("Finished.Cancelled", {})
    counted = account["cancellation"]["account"]
    assert (counted["cancelled"], counted["succeeded"]) == (0, 2)


@pytest.mark.parametrize("end", ["success", "failed", "crashed"])
async def test_24_by_http_what_is_said_of_a_cancelled_flow_run_is_kept_and_changes_nothing(
    scene: Scene, api: Api, end: str
) -> None:
    flow = await scene.begun_without_body(tasks=["t"])
    await api.cancel(flow.flow_run_id)
    await flow.ends("t", "cancelled")
    await api.has_read(scene, flow.flow_run_id)
    before = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()

    await flow.says("flow.finish", end=end)
    await flow.says("flow.start")
    await api.has_read(scene, flow.flow_run_id)
    after = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()

    (late,) = after.pop("late_reports")
    assert (late["task_run_id"], late["end"], late["state"]) == (None, end, "Finished.Cancelled")
    assert after.pop("late_reports_count") == 1
    assert after == {name: said for name, said in before.items() if name in after}
    timeline = (await api.get(f"/flow-runs/{flow.flow_run_id}/timeline")).json()["items"]
    assert [(event["type"], event["code"]) for event in timeline[-2:]] == [
        ("flow.late_report.v1", None),
        ("request.refused.v1", "already_finished"),
    ]


async def test_25_by_http_a_running_flow_run_without_task_runs_is_over_in_the_same_commit(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun_without_body()

    answer = await api.cancel(flow.flow_run_id, reason="nothing to do")
    await api.has_read(scene, flow.flow_run_id)

    assert answer.status_code == 202
    state = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()
    assert state["state"] == "Finished.Cancelled"
    timeline = (await api.get(f"/flow-runs/{flow.flow_run_id}/timeline")).json()["items"]
    asked, over = timeline[-2:]
    assert [asked["type"], over["type"]] == ["flow.cancelling.v1", "flow.cancelled.v1"]
    assert over["offset"] == asked["offset"] + 1, "a commit lies between the two"


async def test_26_by_http_what_is_run_again_names_the_old_one_which_stays(
    scene: Scene, api: Api
) -> None:
    flow, again = await scene.begun_without_body(), scene.named("again")
    await api.cancel(flow.flow_run_id)
    await api.has_read(scene, flow.flow_run_id)
    before = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()

    about = {"type": "flow.register", "flow_run_id": again, "rerun_of": flow.flow_run_id}
    await scene.answer_to(about)
    await api.has_read(scene, again)

    new = (await api.get(f"/flow-runs/{again}")).json()
    assert (new["state"], new["rerun_of"]) == ("Pending", flow.flow_run_id)
    assert new["cancellation"] is None
    assert (await api.get(f"/flow-runs/{flow.flow_run_id}")).json() == before


@pytest.mark.parametrize("asked", [{"mode": "abort"}, {"grace_seconds": 0}], ids=str)
async def test_47_by_http_no_grace_is_an_abort_and_is_recorded_as_one(
    scene: Scene, api: Api, asked: dict[str, Any]
) -> None:
    flow = await scene.begun(tasks=["t"])

    answer = await api.cancel(flow.flow_run_id, **asked)
    await api.has_read(scene, flow.flow_run_id)

    agreed = answer.json()["cancellation"]
    assert (agreed["mode"], agreed["grace_seconds"]) == ("abort", 0)
    account = (await api.get(f"/flow-runs/{flow.flow_run_id}/cancellation")).json()
    assert account["cancellation"]["mode"] == "abort"
    told = await scene.until_told(flow.runner_id, "cancel_flow")
    assert [one["mode"] for one in told] == ["abort"]


async def task_runs(api: Api, flow: Driven) -> dict[str, dict[str, Any]]:
    """They, as the API lists them, by their ids."""
    listed = (await api.get(f"/flow-runs/{flow.flow_run_id}/task-runs")).json()
    return {task["task_run_id"]: task for task in listed["items"]}
