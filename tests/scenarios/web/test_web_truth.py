"""What pages and answers say of a cancellation is what is so: before it is asked, and after."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rescind.events.words import CascadePolicy
from rescind.runners.client import Ended, RunnerClient
from tests.scenarios.families import begin_child
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api, serving
from tests.scenarios.web.truth import account_of, asked, comes, forecast_of, text
from tests.waiting import until


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


async def test_what_would_be_torn_down_is_foretold_and_what_becomes_of_it_told(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun("torn", tasks=["t"])
    at, scope = f"/flow-runs/{flow.flow_run_id}", scene.named("docker")
    handle = {"kind": "docker", "scope": scope, "identity": {"id": "c1"}}
    own = {**handle, "exclusive_to": flow.flow_run_id}
    await api.has_read(scene, flow.flow_run_id)
    (before,) = (await forecast_of(api, flow.flow_run_id))["runners"]
    assert before["teardown"]["fate"] == "no_handle"
    await comes(scene, flow.runner_id, flow.flow_run_id, handle=own,
                capabilities={"can_interrupt": True})  # fmt: skip
    await api.has_read(scene, flow.flow_run_id)

    said = await forecast_of(api, flow.flow_run_id)
    (teardown,) = [one["teardown"] for one in said["runners"]]
    assert (teardown["fate"], teardown["kind"], teardown["reached"]) == (
        "torn_down",
        "docker",
        False,
    )
    assert teardown["after_seconds"] == said["deadline_seconds"] == 300
    (hard,) = (await forecast_of(api, flow.flow_run_id, "abort"))["runners"]
    assert hard["teardown"]["after_seconds"] == 30
    form = await text(api, f"{at}/cancel")
    assert "5 min after the cancel, or 30 s after an abort" in form
    assert f"nobody who ends what is in {scope} is here now" in form
    ender = scene.named("ender")
    await comes(scene, ender, flow.flow_run_id, scope=scope, capabilities={"can_tear_down": True})
    await api.has_read(scene, flow.flow_run_id)
    (reached,) = (await forecast_of(api, flow.flow_run_id))["runners"]
    assert reached["teardown"]["reached"] is True

    await scene.cancel(flow.flow_run_id, deadline_seconds=1, grace_seconds=1)
    await scene.event(flow.flow_run_id, "infrastructure.teardown")
    (told,) = (await account_of(scene, api, flow.flow_run_id))["teardowns"]
    assert (told["outcome"], told["asked_of"], told["shared"]) == ("asked", ender, False)
    assert "asked for by" in await text(api, at)
    report = {"type": "infrastructure.report", "flow_run_id": flow.flow_run_id, "handle": own,
              "runner_id": ender, "target_runner_id": flow.runner_id}  # fmt: skip
    await scene.answer_to({**report, "outcome": "failed", "message": "no leave to stop it"})
    (told,) = (await account_of(scene, api, flow.flow_run_id))["teardowns"]
    assert (told["outcome"], told["message"]) == ("failed", "no leave to stop it")
    assert "no leave to stop it" in await text(api, at)
    await scene.answer_to({**report, "outcome": "done"})
    await scene.event(flow.flow_run_id, "flow.cancelled")
    account = await account_of(scene, api, flow.flow_run_id)
    assert (account["teardowns"][0]["outcome"], account["unconfirmed"]) == ("done", 0)
    assert "done, and seen to be" in await text(api, at)


async def test_what_others_share_is_said_not_to_be_touched(scene: Scene, api: Api) -> None:
    flow = await scene.begun("shared", tasks=["t"])
    handle = {"kind": "kubernetes", "scope": "k", "identity": {"id": "c1"}}
    await comes(scene, flow.runner_id, flow.flow_run_id, handle=handle)
    await api.has_read(scene, flow.flow_run_id)

    (runner,) = (await forecast_of(api, flow.flow_run_id))["runners"]
    assert (runner["teardown"]["fate"], runner["teardown"]["after_seconds"]) == ("shared", None)
    form = await text(api, f"/flow-runs/{flow.flow_run_id}/cancel")
    assert f"The kubernetes of {flow.runner_id} : not touched" in form


async def test_53_54_a_child_that_is_not_waited_for_is_not_said_to_be(
    scene: Scene, api: Api
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent = await runner.register_flow("parent", flow_run_id=scene.named("p"), body="body")
        at = f"/flow-runs/{parent.flow_run_id}"
        children = {
            policy.value: await begin_child(runner, scene, parent, policy.value, policy)
            for policy in CascadePolicy
        }
        for child in (parent, *children.values()):
            await api.has_read(scene, child.flow_run_id)

        said = await forecast_of(api, parent.flow_run_id)
        assert [one["task_runs"] for one in said["runners"]] == [1]
        assert (said["running"], said["body_running"]) == (1, True)
        policies = {one["task_run_id"]: one["waited_for"] for one in said["children"]}
        assert policies == {"wait": True, "request": False, "none": False}
        form = await text(api, f"{at}/cancel")
        assert f"{children['none'].flow_run_id} is left alone, and goes on" in form

        await scene.cancel(parent.flow_run_id)
        await scene.event(parent.flow_run_id, "child.not_cancelled")
        await until(lambda: len(scene.events(parent.flow_run_id, "child.cancel_sent")) == 2)
        await parent.end(Ended.cancelled())
        await scene.event(parent.flow_run_id, "task.cancelled", "body")
        account = await account_of(scene, api, parent.flow_run_id)
        assert account["waited_for"] == []
        waited = [one["task_run_id"] for one in account["children"] if one["waited_for"]]
        assert waited == ["wait"]
        sent = {one["task_run_id"] for one in account["children"] if one["cancel_sent"]}
        assert sent == {"wait", "request"}
        page = (await api.client.get(at)).text
        for child in children.values():
            assert f'href="/flow-runs/{child.flow_run_id}"' in page
        waiting = page.partition('id="waited-for"')[2].partition("</ul>")[0]
        assert children["wait"].flow_run_id in waiting
        assert children["none"].flow_run_id not in waiting
        assert children["request"].flow_run_id not in waiting
        assert "left alone, as its policy says: it goes on" in page
        of_child = (await api.client.get(f"/flow-runs/{children['none'].flow_run_id}")).text
        assert f'id="parent" href="{at}"' in of_child
        code, story = await scene.rescind("audit", "explain", parent.flow_run_id)
        assert code == 0
        assert "It has not ended yet: it waits for its child wait." in story
        assert "Left alone, as its policy says: its child none." in story
        for child in children.values():
            await child.end(Ended.cancelled() if child.is_cancelling else Ended.success())
    await scene.event(parent.flow_run_id, "flow.cancelled")


async def test_38_what_cannot_be_stopped_is_said_with_the_warning_the_rungs_and_until_when(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun("slow", tasks=["t1", "t2"])
    at = f"/flow-runs/{flow.flow_run_id}"
    cancellation_id = await asked(scene, flow, grace_seconds=0.05)
    held = [{"task_run_id": "t1", "can_stop": False}, {"task_run_id": "t2"},
            {"task_run_id": "body"}]  # fmt: skip
    about = {"cancellation_id": cancellation_id}
    await flow.says("cancellation.acknowledge", held=held, **about)
    warning = {"outcome": "warning", "executor": "dask", "message": "the pool is of others"}
    await flow.says("executor.report", **warning, **about)
    steps = [{"task_run_id": name, "rung": "interrupt", "after_ms": 5, "outcome": "done"}
             for name in ("t1", "t2")]  # fmt: skip
    steps += [{"task_run_id": "t1", "rung": "kill", "after_ms": 50, "outcome": "unsupported"}]
    await flow.says("task.stopping", items=steps, **about)

    account = await account_of(scene, api, flow.flow_run_id)
    (waited,) = account["waited_for"]
    assert (waited["can_stop"], waited["cannot_stop"]) == (False, ["t1"])
    (warned,) = account["warnings"]
    assert (warned["executor"], warned["message"]) == ("dask", "the pool is of others")
    taken = [(one["rung"], one["outcome"], one["task_runs"]) for one in account["steps"]]
    assert taken == [("interrupt", "done", 2), ("kill", "unsupported", 1)]
    page = await text(api, at)
    assert "dask warns" in page
    assert "the pool is of others" in page
    assert "it knows, and cannot stop t1: waited for" in page
    assert "for what cannot be stopped (t1); until then at the latest" in page
    assert "Interrupted 2 task runs" in page
    assert "Not killed 1 task run" in page
    source = (await api.client.get(at)).text
    now = re.findall(r'aria-current="step">\s*<b>(\w+)', source)
    assert now == ["Waiting"]
