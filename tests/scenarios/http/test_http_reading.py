"""Reads by HTTP: lists, one run, its account and its timeline, and whether it can be cancelled."""

from typing import Any

from rescind.events.words import moment_to_text
from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api, problem
from tests.waiting import until

TASKS = ["t1", "t2", "t3"]


async def labelled(scene: Scene, name: str, **more: Any) -> str:
    """A Pending flow run with a label that only this test's have."""
    flow_run_id = scene.named(name)
    labels = {"of": scene.named("test"), "name": name}
    about = {"type": "flow.register", "flow_run_id": flow_run_id, "labels": labels, **more}
    await scene.answer_to(about)
    return flow_run_id


async def test_flow_runs_are_listed_by_state_label_time_and_page(scene: Scene, api: Api) -> None:
    ours = f"of={scene.named('test')}"
    names = [await labelled(scene, name, namespace="n") for name in ("a", "b", "c")]
    await scene.cancel(names[1])
    for name in names:
        await api.has_read(scene, name)

    async def listed(**query: Any) -> list[str]:
        answer = await api.get("/flow-runs", **{"label": ours} | query)
        assert answer.status_code == 200, answer.text
        return [item["flow_run_id"] for item in answer.json()["items"]]

    assert await listed() == names[::-1]
    assert await listed(state="Pending") == [names[2], names[0]]
    assert await listed(state=["Pending", "Finished.Cancelled"]) == names[::-1]
    assert await listed(label=[ours, "name=c"]) == [names[2]]
    assert await listed(text=names[0].upper(), namespace="n") == [names[0]]
    at = (await api.get(f"/flow-runs/{names[2]}")).json()["registered_at"]
    assert await listed(registered_before=at) == [names[1], names[0]]
    assert await listed(registered_from=at) == [names[2]]

    paged: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await api.get(
            "/flow-runs", label=ours, limit=2, **{"cursor": cursor} if cursor else {}
        )
        paged += [item["flow_run_id"] for item in page.json()["items"]]
        cursor = page.json()["cursor"]
    assert paged == names[::-1]

    counts = (await api.get("/flow-run-counts", namespace="n")).json()
    assert counts["by_state"]["Finished.Cancelled"] >= 1
    assert counts["total"] == sum(counts["by_state"].values())

    problem(await api.get("/flow-runs", cursor="bm8"), 400, "unknown-cursor")
    problem(await api.get("/flow-runs", state="Runing"), 422, "invalid-request")
    problem(await api.get("/flow-runs", label="alone"), 422, "invalid-request")
    problem(await api.get("/flow-runs", limit=1001), 422, "invalid-request")
    problem(await api.get("/flow-runs", registered_from="yesterday"), 422, "invalid-request")


async def test_what_is_stuck_is_filtered_and_counted_like_anything_else(
    scene: Scene, api: Api
) -> None:
    ours = {"labels": {"of": scene.named("test")}}
    flows = [await scene.begun(name, tasks=["t"], **ours) for name in ("a", "b")]
    for flow in flows:
        await scene.cancel(flow.flow_run_id, deadline_seconds=5)
        sent = await scene.event(flow.flow_run_id, "cancellation.sent")
        held = [{"task_run_id": task, "can_stop": False} for task in ("body", "t")]
        begun = {"cancellation_id": sent.event.model_dump()["cancellation_id"]}
        await flow.says("cancellation.acknowledge", held=held, **begun)
        await api.has_read(scene, flow.flow_run_id)
    asked = {"stuck": True, "label": f"of={scene.named('test')}"}

    async def is_stuck() -> bool:
        counts = (await api.get("/flow-run-counts", **asked)).json()
        return bool(counts["total"] == 2)

    await until(is_stuck)
    first = (await api.get("/flow-runs", **asked, limit=1)).json()
    rest = (await api.get("/flow-runs", **asked, cursor=first["cursor"])).json()
    found = [item["flow_run_id"] for item in (*first["items"], *rest["items"])]
    assert found == [flow.flow_run_id for flow in flows]
    assert rest["cursor"] is None
    named = (await api.get("/flow-runs", **asked, text=flows[1].flow_run_id)).json()["items"]
    assert [item["flow_run_id"] for item in named] == [flows[1].flow_run_id]
    assert (await api.get("/flow-runs", **asked, state="Pending")).json()["items"] == []


async def test_62_who_why_and_when_are_on_account_and_timeline(scene: Scene, api: Api) -> None:
    flow = await scene.begun(tasks=TASKS)
    path = f"/flow-runs/{flow.flow_run_id}"
    await api.has_read(scene, flow.flow_run_id)
    problem(await api.get(f"{path}/cancellation"), 404, "no-cancellation")

    asked = (await api.cancel(flow.flow_run_id, reason="enough")).json()["cancellation"]
    await scene.event(flow.flow_run_id, "cancellation.sent")
    await api.has_read(scene, flow.flow_run_id)
    account = (await api.get(f"{path}/cancellation")).json()
    assert account["state"] == "Running.Cancelling"
    assert account["cancellation"]["cancellation_id"] == asked["cancellation_id"]
    assert account["cancellation"]["deadline_at"] == asked["deadline_at"]
    waited = {"runner_id": flow.runner_id, "task_runs": 4, "told": True, "acknowledged": False}
    waited |= {"can_stop": None, "cannot_stop": []}
    assert account["waited_for"] == [waited]

    for task in TASKS:
        await flow.ends(task, "cancelled", how="forced", stopped_confirmed=task != "t3")
    await flow.ends("body", "success")
    await flow.ends("t3", "success")
    await api.has_read(scene, flow.flow_run_id)
    account = (await api.get(f"{path}/cancellation")).json()
    assert (account["state"], account["ended"]) == ("Finished.Cancelled", {"forced": 3})
    assert account["cancellation"]["account"]["cancelled"] == 3
    assert account["unconfirmed"] == 1

    whole = (await api.get(path)).json()
    assert (whole["state"], whole["task_runs_running"]) == ("Finished.Cancelled", 0)
    assert sum(group["count"] for group in whole["task_runs"]) == 3
    timeline = (await api.get(f"{path}/timeline", limit=1000)).json()["items"]
    journal = zip(scene.journal.records, scene.journal.entries, strict=True)
    assert [(e["offset"], e["at"], e["type"]) for e in timeline] == [
        (record.offset, moment_to_text(entry.at_ms), entry.event.type)
        for record, entry in journal
        if entry.stream_id == flow.flow_run_id
    ]
    assert timeline[-1]["entry"]["type"] == "task.late_report.v1"
    of_task = (await api.get(f"{path}/task-runs/t3/timeline")).json()["items"]
    assert [e for e in timeline if e["task_run_id"] == "t3"] == of_task
    task = (await api.get(f"{path}/task-runs/t3")).json()
    assert (task["how"], task["stopped_confirmed"]) == ("forced", False)
    cancelled = (await api.get(f"{path}/task-runs", state="Finished.Cancelled", limit=2)).json()
    assert [item["task_run_id"] for item in cancelled["items"]] == ["t1", "t2"]
    assert cancelled["cursor"] is not None

    for nobody in (
        "/flow-runs/no",
        "/flow-runs/no/timeline",
        "/flow-runs/no/task-runs",
        "/flow-runs/no/cancellation",
        f"{path}/task-runs/no",
    ):
        problem(await api.get(nobody), 404, "unknown-run")


async def test_64_whether_it_can_be_cancelled_is_what_the_cancel_itself_comes_to(
    scene: Scene, api: Api
) -> None:
    """In every state: asked first, done then."""
    pending = scene.named("pending")
    await scene.answer_to({"type": "flow.register", "flow_run_id": pending})
    flow, ended = await scene.begun("flow", tasks=TASKS), await scene.begun("ended")
    await ended.ends("body", "failed")
    waiting = [{"task_run_id": "waits"}]
    await flow.says("task.register", items=waiting)
    hello = {"type": "runner.register", "runner_id": flow.runner_id}
    can = {"executor": "processes", "can_interrupt": True, "can_kill": True}
    where = scene.partition_of(flow.flow_run_id)
    await scene.answer_to({**hello, "capabilities": can}, partition=where)

    running = await foretold(scene, api, flow)
    assert (running["running"], running["not_started"]) == (4, 1)
    cases: list[tuple[str, str | None, str, str]] = [
        (flow.flow_run_id, "body", "graceful", "refused"),
        (flow.flow_run_id, "t1", "graceful", "cancelling"),
        (flow.flow_run_id, "t1", "graceful", "already_cancelling"),
        (flow.flow_run_id, "t1", "abort", "escalated"),
        (flow.flow_run_id, "waits", "graceful", "cancelled"),
        (flow.flow_run_id, "nobody", "graceful", "refused"),
        (flow.flow_run_id, None, "graceful", "cancelling"),
        (flow.flow_run_id, "t2", "graceful", "already_cancelling"),
        (flow.flow_run_id, None, "graceful", "already_cancelling"),
        (flow.flow_run_id, None, "abort", "escalated"),
        (pending, None, "graceful", "cancelled"),
        (ended.flow_run_id, None, "abort", "already_finished"),
        (scene.named("unknown"), None, "graceful", "armed"),
        (scene.named("unknown"), None, "graceful", "armed"),
    ]
    for flow_run_id, task, mode, expected in cases:
        at = f"/flow-runs/{flow_run_id}" + (f"/task-runs/{task}" if task else "")
        said = (await api.get(f"{at}/can-cancel", mode=mode)).json()
        done = await api.cancel(flow_run_id, task, mode=mode)
        assert said["outcome"] == expected, (flow_run_id, task, mode)
        assert said["can_cancel"] is (done.status_code < 300)
        if done.status_code < 300:
            assert done.json()["outcome"] == expected
        else:
            assert (done.json()["code"], done.json()["detail"]) == (said["code"], said["reason"])
        await api.has_read(scene, flow_run_id)


async def foretold(scene: Scene, api: Api, flow: Driven) -> dict[str, Any]:
    """What is said of a running flow run, whose runner has said what it can do."""
    await api.has_read(scene, flow.flow_run_id)
    path = f"/flow-runs/{flow.flow_run_id}/can-cancel"
    said: dict[str, Any] = (await api.get(path)).json()
    (runner,) = said["runners"]
    assert (runner["runner_id"], runner["executor"]) == (flow.runner_id, "processes")
    assert (runner["fate"], runner["task_runs"]) == ("interrupted_then_killed", 4)
    (abort,) = (await api.get(path, mode="abort")).json()["runners"]
    assert abort["fate"] == "killed"
    return said
