"""The pages of task runs: each one with what became of it, and a cancel of one alone."""

import re
from collections.abc import AsyncIterator
from html import escape
from pathlib import Path

import pytest
from playwright.async_api import expect

from rescind.runners.client import CascadePolicy, Ended, RunnerClient
from tests.scenarios.families import begin_family
from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api, has_read, serving
from tests.scenarios.web.browsing import PHONE, browser, form_of, listening_to, serious, visiting
from tests.scenarios.web.test_web_pages import html, shown

SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


async def at_work(scene: Scene, name: str = "flow") -> Driven:
    """A flow run with one task run at work, one that waits, and one that has failed at length."""
    flow = await scene.begun(name, tasks=["load", "broken"])
    await flow.says("task.register", items=[{"task_run_id": "publish"}])
    error = {"type": "OddError", "message": f"{SCRIPT} {'and so on ' * 40}", "traceback": SCRIPT}
    await flow.ends("broken", "failed", error=error)
    return flow


async def test_20_by_keyboard_one_task_run_is_cancelled_alone_and_its_flow_run_goes_on(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await at_work(scene)
        await has_read(server.means.model, scene, flow.flow_run_id)
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
            await visitor.tabs_to("to-tasks")
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/task-runs")
            await visitor.tabs_to("cancel-load")
            await page.keyboard.press("Enter")
            await expect(page.locator("dialog[open] h1")).to_have_text("Cancel the task run load")
            await expect(page.locator("dialog textarea")).to_be_focused()
            await page.keyboard.press("Escape")
            await expect(page.locator("#cancel-load")).to_be_focused()

            await page.keyboard.press("Enter")
            await expect(page.locator("dialog textarea")).to_be_focused()
            await page.keyboard.type("hangs")
            await visitor.tabs_to("ask-send")
            await page.keyboard.press("Enter")
            await page.wait_for_url("**?answer=cancelling")
            await expect(page.locator("#task .heading .chip")).to_have_text("Cancelling")
            await expect(page.locator("#task q")).to_have_text("hangs")
            await expect(page.locator("#abort-load")).to_be_visible()
            await flow.ends("load", "cancelled", how="forced", stopped_confirmed=True)
            await expect(page.locator("#task .heading .chip")).to_have_text("Cancelled")
            await expect(page.locator("#task dl")).to_contain_text("killed")
            await expect(page.locator("#abort-load, #cancel-load")).to_have_count(0)
            assert visitor.wrong == []
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running"
    assert scene.events(flow.flow_run_id, "flow.cancelling") == []


async def test_20_without_a_script_one_task_run_is_cancelled_alone(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await at_work(scene)
        await has_read(server.means.model, scene, flow.flow_run_id)
        async with visiting(chromium, server, java_script_enabled=False) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}/task-runs")
            await page.click("#cancel-publish")
            await expect(page.locator("#ask")).to_contain_text("It has not started")
            await page.fill("textarea", "not today")
            await page.click("#ask-send")
            await page.wait_for_url("**/task-runs/publish?answer=cancelled")
    ended = await scene.event(flow.flow_run_id, "task.cancelled", task="publish")
    assert ended.event.model_dump()["terms"]["reason"] == "not today"


async def test_task_runs_are_filtered_and_counted_and_say_what_went_wrong(
    scene: Scene, api: Api
) -> None:
    flow = await at_work(scene)
    await api.has_read(scene, flow.flow_run_id)
    path = f"/flow-runs/{flow.flow_run_id}/task-runs"

    every = await shown(api, path)
    assert ids(every) == ["body", "load", "broken", "publish"]
    assert 'id="cancel-load"' in every
    assert 'id="cancel-body"' not in every
    assert 'id="cancel-broken"' not in every
    assert SCRIPT not in every
    assert escape(SCRIPT, quote=False) in every.replace("&#34;", '"')
    summary = re.search(r"<summary>.*?OddError.*?</summary>", every, re.DOTALL)
    assert summary is not None
    assert len(summary[0]) < 400

    assert ids(await shown(api, path, state="Running")) == ["body", "load"]
    assert ids(await shown(api, path, text="PUB")) == ["publish"]
    failed = await shown(api, path, state="Finished.Failed", text="b")
    assert ids(failed) == ["broken"]
    assert re.findall(r"All <b>(\d+)</b>", failed) == ["3"]
    assert "No task run fits" in await shown(api, path, text="%")
    one = await shown(api, f"{path}/broken")
    assert "Traceback" in one
    assert SCRIPT not in one
    await shown(api, f"/flow-runs/{scene.named('nobody')}/task-runs", 404)
    await shown(api, f"{path}/nobody", 404)
    await shown(api, path, 400, cursor="bm8")


async def test_a_form_of_a_task_run_says_what_it_would_come_to_and_is_taken_once(
    scene: Scene, api: Api
) -> None:
    flow = await at_work(scene)
    await api.has_read(scene, flow.flow_run_id)
    path = f"/flow-runs/{flow.flow_run_id}/task-runs"

    form = await shown(api, f"{path}/load/cancel")
    assert "This one alone" in form
    assert "cannot be stopped: waited for" in form
    assert "This cannot be cancelled" in await shown(api, f"{path}/broken/cancel")
    fields = form_of(form)
    wrong = await api.client.post(f"{path}/load/cancel", data={**fields, "grace_seconds": "long"})
    assert wrong.status_code == 422
    assert "expected a number of seconds" in html(wrong)
    refused = await api.client.post(f"{path}/load/cancel", data={**fields, "token": "0" * 64})
    assert refused.status_code == 403
    twice = [await api.client.post(f"{path}/load/cancel", data=fields) for _ in range(2)]
    assert {(one.status_code, one.headers["location"]) for one in twice} == {
        (303, f"{path}/load?answer=cancelling")
    }
    await api.has_read(scene, flow.flow_run_id)
    assert "Being cancelled" in await shown(api, f"{path}/load?answer=cancelling")
    assert "Being cancelled" not in await shown(api, f"{path}/publish?answer=cancelling")
    assert scene.events(flow.flow_run_id, "request.refused") == []


async def test_a_form_says_of_a_task_run_what_it_is_about_to_end(scene: Scene, api: Api) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.WAIT)
        flow = await at_work(scene)
        await flow.says("task.register", items=[{"task_run_id": "again"}])
        await flow.says("task.start", items=[{"task_run_id": "again"}])
        await flow.ends("again", "failed", retry_at="2099-01-01T00:00:00Z")
        for flow_run_id in (parent.flow_run_id, flow.flow_run_id):
            await api.has_read(scene, flow_run_id)

        of_child = await shown(api, f"/flow-runs/{parent.flow_run_id}/task-runs/child/cancel")
        of_retry = await shown(api, f"/flow-runs/{flow.flow_run_id}/task-runs/again/cancel")
        of_waiting = await shown(api, f"/flow-runs/{flow.flow_run_id}/task-runs/publish/cancel")

        assert "a child flow run: that is cancelled as well, and waited for" in of_child
        assert "It waits for its next attempt: it is not tried again" in of_retry
        for form in (of_child, of_retry):
            assert "not started" not in form
        assert "It has not started, and never will." in of_waiting
        assert "tried again" not in of_waiting
        for run in (child, parent):
            await run.end(Ended.success())


async def test_pages_of_task_runs_keep_nobody_out(scene: Scene, tmp_path: Path) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await at_work(scene, "nightly")
        await has_read(server.means.model, scene, flow.flow_run_id)
        at = f"/flow-runs/{flow.flow_run_id}/task-runs"
        paths = (at, f"{at}?text=nobody", *(f"{at}/{one}" for one in ("load", "broken")))
        for how in ({}, {"color_scheme": "dark"}, {"viewport": PHONE}):
            async with visiting(chromium, server, **how) as visitor:
                for path in (*paths, f"{at}/load/cancel"):
                    await visitor.goes_to(path)
                    assert await serious(visitor.page) == [], (path, how)
                    assert await visitor.page.evaluate("window.hit") is None
                    wide = await visitor.page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= visitor.page.viewport_size["width"], (path, how)  # type: ignore[index]


def ids(page: str) -> list[str]:
    return re.findall(r'id="task-([^"]+)" href', page)
