"""What pages and answers say of a cancellation is what is so: before it is asked, and after."""

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from rescind.client import CancellationShown, Forecast
from rescind.events.words import CascadePolicy
from rescind.runners.client import Ended, RunnerClient
from tests.scenarios.cancelling.test_g_families import begin_child
from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api, has_read, problem, serving
from tests.scenarios.http.http_bulk import ByHttp, is_over
from tests.scenarios.web.browsing import browser, form_of, listening_to, serious
from tests.scenarios.web.test_web_browsing import DESK, PHONE, visiting
from tests.waiting import until


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


async def text(api: Api, path: str) -> str:
    """A page's words, each run of blanks as one, and its apostrophes plain."""
    response = await api.client.get(path)
    assert response.status_code == 200, response.text
    said = html.unescape(re.sub(r"<[^>]+>", " ", response.text))
    return " ".join(said.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


async def comes(scene: Scene, runner_id: str, flow: str, **about: Any) -> None:
    hello = {"type": "runner.register", "runner_id": runner_id, **about}
    await scene.answer_to(hello, partition=scene.partition_of(flow))


async def account_of(scene: Scene, api: Api, flow_run_id: str) -> dict[str, Any]:
    await api.has_read(scene, flow_run_id)
    said = (await api.get(f"/flow-runs/{flow_run_id}/cancellation")).json()
    # The typed client reads what the server says.
    CancellationShown.model_validate(said)
    return dict(said)


async def forecast_of(api: Api, flow_run_id: str, mode: str = "graceful") -> dict[str, Any]:
    said = (await api.get(f"/flow-runs/{flow_run_id}/can-cancel", mode=mode)).json()
    Forecast.model_validate(said)
    return dict(said)


async def asked(scene: Scene, flow: Driven, **how: Any) -> str:
    """Cancel it; the id of the cancellation."""
    await scene.cancel(flow.flow_run_id, **how)
    begun = (await scene.event(flow.flow_run_id, "flow.cancelling")).event
    return str(begun.terms.cancellation_id)  # type: ignore[union-attr]


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


async def test_the_flow_s_own_code_is_said_to_run_only_while_it_does(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun("bodied", tasks=["t"])
    alone = await scene.begun_without_body("bodiless", tasks=["t"])
    for one in (flow, alone):
        await api.has_read(scene, one.flow_run_id)
    own = "the flow's own code among them"

    assert f"2 running, {own}" in (await text(api, f"/flow-runs/{flow.flow_run_id}/cancel"))
    assert f"Task runs 2, {own}" in (await text(api, f"/flow-runs/{flow.flow_run_id}"))
    for path in (f"/flow-runs/{alone.flow_run_id}", f"/flow-runs/{alone.flow_run_id}/cancel"):
        assert "own code" not in await text(api, path)
    assert (await forecast_of(api, alone.flow_run_id))["body_running"] is False

    await scene.cancel(flow.flow_run_id)
    await flow.ends("body", "success")
    await api.has_read(scene, flow.flow_run_id)
    page = await text(api, f"/flow-runs/{flow.flow_run_id}")
    assert "Open now 1 running Namespace" in page
    form = await text(api, f"/flow-runs/{flow.flow_run_id}/cancel?mode=abort")
    assert own not in form


async def test_what_gave_its_grant_back_has_never_started(scene: Scene, api: Api) -> None:
    flow = await scene.begun("granted", tasks=["t"])
    await scene.cancel(flow.flow_run_id)
    await flow.ends("t", "cancelled", how="never_started")
    await api.has_read(scene, flow.flow_run_id)

    whole = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()
    (group,) = whole["task_runs"]
    assert (group["how"], group["started_at"]) == ("never_started", None)
    page = (await api.client.get(f"/flow-runs/{flow.flow_run_id}")).text
    bars = re.findall(r"<title>t: ([^<]*)</title>\s*(<rect)?", page)
    assert bars == [("Cancelled, never started", "")]


async def test_an_abort_has_its_own_form_and_no_grace(scene: Scene, api: Api) -> None:
    flow = await scene.begun("hard", tasks=["t"])
    path = f"/flow-runs/{flow.flow_run_id}"
    await api.has_read(scene, flow.flow_run_id)

    both: dict[str, Any] = {"mode": "abort", "grace_seconds": 5}
    said = problem(await api.cancel(flow.flow_run_id, **both), 422, "invalid-request")
    assert said["errors"][0]["where"] == "body.grace_seconds"
    problem(await api.cancel(flow.flow_run_id, "t", **both), 422, "invalid-request")
    code, printed = await scene.rescind("cancel", flow.flow_run_id, "--abort", "--grace", "5")
    assert code == 2
    assert "expected --grace or --abort" in printed
    form = (await api.client.get(f"{path}/cancel")).text
    sent = {**form_of(form), "mode": "abort", "grace_seconds": "5"}
    wrong = await api.client.post(f"{path}/cancel", data=sent)
    assert wrong.status_code == 422
    assert 'aria-describedby="grace-wrong"' in wrong.text
    assert 'id="ask-title">Cancel ' in wrong.text
    assert scene.events(flow.flow_run_id, "flow.cancelling") == []

    form = (await api.client.get(f"{path}/cancel?mode=abort")).text
    assert re.search(r'<h1 id="ask-title">Abort ', form)
    assert "Abort the flow run</button>" in form
    assert "grace_seconds" not in form
    assert "Cancel the flow run" not in form
    sent = {**form_of(form), "reason": "now"}
    assert (await api.client.post(f"{path}/cancel", data=sent)).status_code == 303
    begun = (await scene.event(flow.flow_run_id, "flow.cancelling")).event
    assert (begun.terms.mode, begun.terms.reason) == ("abort", "now")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "can_interrupt, words",
    [(False, "asked to stop, and ended by"), (True, "interrupted, and ended by")],
)
async def test_what_only_asks_is_not_said_to_interrupt(
    scene: Scene, api: Api, can_interrupt: bool, words: str
) -> None:
    flow = await scene.begun("gentle", tasks=["t1", "t2", "t3"])
    can = {"executor": "any", "can_interrupt": can_interrupt}
    await comes(scene, flow.runner_id, flow.flow_run_id, capabilities=can)
    await scene.cancel(flow.flow_run_id)
    await flow.ends("t1", "cancelled", how="graceful")
    await api.has_read(scene, flow.flow_run_id)
    at = f"/flow-runs/{flow.flow_run_id}"
    assert f"1 {words} itself" in await text(api, at)
    for name in ("t2", "t3"):
        await flow.ends(name, "cancelled", how="graceful")
    await api.has_read(scene, flow.flow_run_id)
    assert f"3 {words} themselves" in await text(api, at)


@pytest.mark.usefixtures("swept")
async def test_58_what_a_bulk_has_asked_is_said_to_be_asked_for_whoever_started_it(
    scene: Scene, api: Api
) -> None:
    bulk = ByHttp(scene, api.client)
    (flow_run_id,) = await bulk.register("a")
    await api.has_read(scene, flow_run_id)
    await bulk.described(reason="wrong table")
    await bulk.outcome("start")
    await bulk.until(is_over)
    await api.has_read(scene, flow_run_id)

    page = await text(api, f"/flow-runs/{flow_run_id}")
    assert f"by service bulk for service http-api , in the bulk cancellation {bulk.bulk_id}" in page
    assert "Nothing of it ran, so it was over at once." in page
    assert "grace of" not in page


async def test_the_form_and_the_page_of_all_this_keep_nobody_out_in_any_look(
    scene: Scene, tmp_path: Path
) -> None:
    flow = await scene.begun("look", tasks=["t1", "t2"])
    own = {"kind": "docker", "scope": "d", "identity": {"id": "c"}}
    await comes(scene, flow.runner_id, flow.flow_run_id,
                handle={**own, "exclusive_to": flow.flow_run_id})  # fmt: skip
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        await has_read(server.means.model, scene, flow.flow_run_id)
        at = f"/flow-runs/{flow.flow_run_id}"
        async with visiting(chromium, server) as visitor:
            await visitor.goes_to(at)
            await visitor.page.click("#cancel")
            await expect(visitor.page.locator("dialog #teardowns")).to_contain_text("docker")
            assert await serious(visitor.page) == []
        cancellation_id = await asked(scene, flow, grace_seconds=0.05)
        held = [{"task_run_id": "t1", "can_stop": False}]
        about = {"cancellation_id": cancellation_id}
        await flow.says("cancellation.acknowledge", held=held, **about)
        steps = [{"task_run_id": "t1", "rung": "interrupt", "after_ms": 5, "outcome": "done"}]
        await flow.says("task.stopping", items=steps, **about)
        await has_read(server.means.model, scene, flow.flow_run_id)
        looks: list[dict[str, Any]] = [
            {"color_scheme": "light"},
            {"color_scheme": "dark"},
            {"viewport": PHONE},
        ]
        for how in looks:
            async with visiting(chromium, server, **how) as visitor:
                for path in (at, f"{at}/cancel", f"{at}/cancel?mode=abort"):
                    await visitor.goes_to(path)
                    assert await serious(visitor.page) == [], (path, how)
                    wide = await visitor.page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= how.get("viewport", DESK)["width"], (path, how)
