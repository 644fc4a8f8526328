"""The words and numbers that pages have for a cancellation are those of what is so."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api, has_read, problem, serving
from tests.scenarios.http.http_bulk import ByHttp, is_over
from tests.scenarios.web.browsing import (
    DESK,
    PHONE,
    browser,
    form_of,
    listening_to,
    serious,
    visiting,
)
from tests.scenarios.web.truth import asked, comes, forecast_of, text


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


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


async def test_who_aborts_gives_no_grace(scene: Scene, api: Api) -> None:
    flow = await scene.begun("hard", tasks=["t"])
    await api.has_read(scene, flow.flow_run_id)

    both: dict[str, Any] = {"mode": "abort", "grace_seconds": 5}
    said = problem(await api.cancel(flow.flow_run_id, **both), 422, "invalid-request")
    assert said["errors"][0]["where"] == "body.grace_seconds"
    problem(await api.cancel(flow.flow_run_id, "t", **both), 422, "invalid-request")
    code, printed = await scene.rescind("cancel", flow.flow_run_id, "--abort", "--grace", "5")
    assert code == 2
    assert "expected --grace or --abort" in printed
    assert scene.events(flow.flow_run_id, "flow.cancelling") == []


@pytest.mark.parametrize(
    "of, what, kind",
    [("", "flow run", "flow.cancelling"), ("/task-runs/t", "task run", "task.cancelling")],
)
async def test_the_form_of_an_abort_is_its_own(
    scene: Scene, api: Api, of: str, what: str, kind: str
) -> None:
    flow = await scene.begun("hard", tasks=["t"])
    path = f"/flow-runs/{flow.flow_run_id}{of}/cancel"
    await api.has_read(scene, flow.flow_run_id)

    form = (await api.client.get(path)).text
    both = {**form_of(form), "mode": "abort", "grace_seconds": "5"}
    wrong = await api.client.post(path, data=both)
    assert wrong.status_code == 422
    assert ">expected no grace with an abort" in wrong.text
    assert 'id="ask-title">Cancel ' in wrong.text
    await scene.journal.catches_up()
    assert scene.events(flow.flow_run_id, kind) == []

    form = (await api.client.get(f"{path}?mode=abort")).text
    assert re.search(r'<h1 id="ask-title">Abort ', form)
    assert f"Abort the {what}</button>" in form
    assert "grace_seconds" not in form
    assert f"Cancel the {what}" not in form
    sent = {**form_of(form), "reason": "now"}
    assert (await api.client.post(path, data=sent)).status_code == 303
    begun = (await scene.event(flow.flow_run_id, kind)).event
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
    for path in (f"{at}/task-runs", f"{at}/task-runs/t1"):
        assert f"{words} itself" in await text(api, path)


async def test_how_each_task_run_was_ended_is_said_on_every_page_that_has_it(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun("ended", tasks=["t1", "t2", "t3"])
    can = {"executor": "any", "can_interrupt": True}
    await comes(scene, flow.runner_id, flow.flow_run_id, capabilities=can)
    await scene.cancel(flow.flow_run_id)
    await flow.ends("t1", "cancelled", how="forced")
    await flow.ends("t2", "cancelled", how="never_started")
    await flow.ends("t3", "cancelled", how="graceful", stopped_confirmed=False)
    await api.has_read(scene, flow.flow_run_id)

    every = await text(api, f"/flow-runs/{flow.flow_run_id}/task-runs")
    for name, words in (
        *(("t1", "killed"), ("t2", "never started")),
        ("t3", "interrupted, and ended by itself nobody has seen it stop"),
    ):
        assert words in every
        assert words in await text(api, f"/flow-runs/{flow.flow_run_id}/task-runs/{name}")
    stuck = await text(api, "/stuck")
    assert f"t3 of {flow.flow_run_id} interrupted, and ended by itself" in stuck


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
