"""What is reported when it is over: kept, shown wherever its run is, and nothing moves by it."""

from typing import Any

from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api

RESULT = "s3://results/late"


async def test_15_by_http_what_comes_after_a_clock_ended_it_is_shown_and_the_state_stays(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun(tasks=["t1", "t2"])
    before = await given_up(scene, api, flow)
    assert (before["t1"]["state"], before["t1"]["how"]) == ("Finished.Cancelled", "deadline")
    assert before["t1"]["stopped_confirmed"] is False
    assert before["flow"]["state"] == "Finished.Cancelled"
    assert before["t1"]["late_reports"] == before["flow"]["late_reports"] == []
    assert before["account"]["late_reports_count"] == 0

    await flow.ends("t1", "success", result_ref=RESULT)
    error = {"type": "OSError", "message": "gone"}
    await flow.ends("body", "failed", error=error)
    after = await shown(scene, api, flow)

    (late,) = after["t1"]["late_reports"]
    assert (late["task_run_id"], late["attempt"], late["state"]) == ("t1", 1, "Finished.Cancelled")
    assert (late["end"], late["result_ref"]) == ("success", RESULT)
    assert late["runner_id"] == flow.runner_id
    assert late["at"] > before["t1"]["finished_at"]
    assert after["t2"] == before["t2"]
    of_task, of_body = after["flow"]["late_reports"]
    assert of_task == late
    assert (of_body["task_run_id"], of_body["end"]) == ("body", "failed")
    assert of_body["error"]["message"] == "gone"
    assert after["flow"]["late_reports_count"] == after["account"]["late_reports_count"] == 2
    assert [group["late_reports_count"] for group in after["flow"]["task_runs"]] == [1]
    types = [event["type"] for event in after["timeline"]]
    assert types == [*[event["type"] for event in before["timeline"]], "task.late_report.v1"]
    # Beside those nothing of it is another: no state, no time, no count.
    assert without_late(after) == without_late(before)


async def test_15_by_http_who_cancelled_a_task_run_alone_sees_what_it_said_in_the_end(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun(tasks=["t1", "t2"])
    assert (await api.cancel(flow.flow_run_id, "t1", deadline_seconds=0.5)).status_code == 202
    await scene.event(flow.flow_run_id, "task.cancelled", "t1")
    await flow.ends("t1", "success")
    await api.has_read(scene, flow.flow_run_id)

    at = f"/flow-runs/{flow.flow_run_id}"
    account = (await api.get(f"{at}/task-runs/t1/cancellation")).json()

    assert (account["state"], account["ended"]) == ("Finished.Cancelled", {"deadline": 1})
    assert account["late_reports_count"] == 1
    whole = (await api.get(at)).json()
    assert (whole["state"], whole["late_reports_count"]) == ("Running", 1)


async def given_up(scene: Scene, api: Api, flow: Driven) -> dict[str, Any]:
    """Cancelled by a clock, since its runner has said nothing."""
    answer = await api.cancel(flow.flow_run_id, reason="enough", deadline_seconds=0.5)
    assert answer.status_code == 202
    await scene.event(flow.flow_run_id, "flow.cancelled")
    return await shown(scene, api, flow)


async def shown(scene: Scene, api: Api, flow: Driven) -> dict[str, Any]:
    """All that the API says of it by now."""
    await api.has_read(scene, flow.flow_run_id)
    at = f"/flow-runs/{flow.flow_run_id}"
    paths = {"flow": "", "account": "/cancellation", "t1": "/task-runs/t1", "t2": "/task-runs/t2"}
    said = {name: (await api.get(at + path)).json() for name, path in paths.items()}
    timeline = (await api.get(f"{at}/task-runs/t1/timeline")).json()
    return said | {"timeline": timeline["items"]}


def without_late(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: stripped(said) for name, said in shown.items() if name != "timeline"}


def stripped(said: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in said.items() if not key.startswith("late_reports")}
    if "task_runs" in rest:
        rest["task_runs"] = [stripped(group) for group in rest["task_runs"]]
    return rest
