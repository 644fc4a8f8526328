"""Many flow runs are cancelled in a browser: described, counted, started, watched, held up."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.scenarios.bulk import Bulk, child_that_goes_on
from tests.scenarios.harness import Scene, types_of
from tests.scenarios.http.http_api import has_read
from tests.scenarios.http.http_following import Listening
from tests.scenarios.web.browsing import DESK, PHONE, browser, listening_to, serious, visiting

SCRIPT = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"


async def described(page: Page, bulk: Bulk, **more: str) -> str:
    """Fill in the form and send it; the id of the draft, once it is counted."""
    await page.fill("textarea[name=labels]", f"of={bulk.bulk_id}")
    for name, value in more.items():
        await page.fill(f"[name={name}]", value)
    await page.click("#bulk-create")
    await expect(page.locator("#preview-title")).to_be_visible(timeout=60_000)
    return page.url.rpartition("/")[2]


@pytest.mark.usefixtures("swept")
async def test_58_by_keyboard_alone_what_a_list_shows_is_previewed_and_cancelled(
    scene: Scene, tmp_path: Path
) -> None:
    bulk = Bulk(scene)
    meant = await bulk.register("a", "b", "c")
    await bulk.begin(meant[1])
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        for flow_run_id in meant:
            await has_read(server.means.model, scene, flow_run_id)
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/?label=of%3D{bulk.bulk_id}&state=Pending")
            await visitor.tabs_to("cancel-these")
            await page.keyboard.press("Enter")
            await expect(page.locator("#labels")).to_have_value(f"of={bulk.bulk_id}")
            await expect(page.locator("#state-Pending")).to_be_checked()
            await expect(page.locator("#state-Running")).not_to_be_checked()
            await visitor.tabs_to("state-Running")
            await page.keyboard.press("Space")
            await visitor.tabs_to("reason")
            await page.keyboard.type("wrong table")
            await visitor.tabs_to("rate")
            await page.keyboard.type("4")
            await visitor.tabs_to("bulk-create")
            await page.keyboard.press("Enter")
            # It is counted while the page is open.
            await expect(page.locator("#preview-title")).to_have_text(
                "It means 3 flow runs", timeout=60_000
            )
            await expect(page.locator(".samples li").nth(1)).to_contain_text(meant[1])
            late = await bulk.register("late")
            assert not any(scene.events(name, "flow.cancel") for name in meant)
            await visitor.tabs_to("start")
            await page.keyboard.press("Enter")
            await expect(page.locator("#bulk .heading .chip")).to_have_text(
                "Completed", timeout=60_000
            )
            await expect(page.locator("[role=progressbar]")).to_have_attribute("aria-valuenow", "3")
            await visitor.tabs_to("outcome-took_effect")
            await page.keyboard.press("Enter")
            await expect(page.locator("#outcome-took_effect[aria-current]")).to_be_visible()
            await visitor.tabs_to("item-1")
            await page.keyboard.press("Enter")
            await expect(page.locator("#run q")).to_have_text("wrong table")
            await visitor.tabs_to("to-bulk")
            await page.keyboard.press("Enter")
            await expect(page.locator("h1")).to_have_text("wrong table")
            assert visitor.wrong == []
            assert visitor.hosts() == {visitor.address.removeprefix("http://")}
    assert types_of(scene.events(late[0])) == ["flow.registered"]


@pytest.mark.usefixtures("swept")
async def test_59_it_is_paused_resumed_and_stopped_while_its_page_shows_how_far_it_is(
    scene: Scene, tmp_path: Path
) -> None:
    bulk = Bulk(scene)
    meant = await bulk.register(*map(str, range(40)))
    async with (
        listening_to(scene.house, tmp_path) as server,
        browser() as chromium,
        visiting(chromium, server) as visitor,
    ):
        page = visitor.page
        await visitor.goes_to("/bulk/new")
        await described(page, bulk, runs_per_second="4")
        await page.click("#start")
        bar = page.locator("[role=progressbar]")
        # The page renews itself: nobody has reloaded it.
        await expect(bar).not_to_have_attribute("aria-valuenow", "0", timeout=60_000)
        await expect(page.locator(".card .hint").first).to_contain_text("a second")
        await page.click("#pause")
        await expect(page.locator("#resume")).to_be_visible()
        await expect(page.locator("#bulk .heading .chip")).to_have_text("Paused")
        held = await shown_asked(page)
        await page.click("#resume")
        await expect(bar).not_to_have_attribute("aria-valuenow", str(held), timeout=60_000)
        await page.click("#stop")
        await expect(page.locator("dialog[open] h1")).to_have_text("Stop it for good?")
        await page.click("#ask-send")
        await expect(page.locator("#bulk .heading .chip")).to_have_text("Stopped")
        await expect(page.locator(".legend")).to_contain_text("Left alone")
        await expect(page.locator("#pause, #resume, #stop")).to_have_count(0)
        assert visitor.wrong == []
    assert 0 < held < len(meant)
    left = [name for name in meant if types_of(scene.events(name)) == ["flow.registered"]]
    assert left != []


async def shown_asked(page: Page) -> int:
    shown = await page.locator("[role=progressbar]").get_attribute("aria-valuenow")
    return int(shown or 0)


@pytest.mark.usefixtures("swept")
async def test_56_in_the_browser_without_a_script_the_children_of_a_parent_are_cancelled(
    scene: Scene, tmp_path: Path
) -> None:
    parent, child = await child_that_goes_on(scene)

    async with (
        listening_to(scene.house, tmp_path) as server,
        browser() as chromium,
        visiting(chromium, server, java_script_enabled=False) as visitor,
    ):
        page = visitor.page
        await visitor.goes_to("/bulk")
        await page.click("#bulk-new")
        await page.fill("[name=parent]", parent)
        await page.click("#bulk-create")
        await reloaded_until(page, "It means 1 flow run")
        await page.click("#start")
        await reloaded_until(page, "Took effect")
        await expect(page.locator("#item-0")).to_have_attribute("href", f"/flow-runs/{child}")
    await scene.until_state(child, "Finished.Cancelled")


async def reloaded_until(page: Page, words: str) -> None:
    """Look again, by hand, until the page says so."""
    for _ in range(300):
        if words in await page.inner_text("main"):
            return
        await page.reload()
    raise AssertionError(f"{words!r} is not there: {await page.inner_text('main')}")


async def test_many_are_cancelled_by_whoever_types_how_many(own: Scene, tmp_path: Path) -> None:
    own.house.worker(bulk_unconfirmed_max=2)
    own.house.agents()
    bulk = Bulk(own)
    await bulk.register("a", "b", "c")
    async with (
        listening_to(own.house, tmp_path, bulk_unconfirmed_max=2) as server,
        browser() as chromium,
        visiting(chromium, server) as visitor,
    ):
        page = visitor.page
        await visitor.goes_to("/bulk/new")
        await described(page, bulk)
        await page.fill("#confirmed", "2")
        await page.click("#start")
        await expect(page.locator("#confirmed-wrong")).to_have_text("Expected 3, but got 2.")
        assert not own.events(page.url.split("/")[-2], "bulk.started")
        await page.fill("#confirmed", "3")
        await page.click("#start")
        await expect(page.locator("#bulk .heading .chip")).to_have_text("Completed", timeout=60_000)


@pytest.mark.usefixtures("swept")
async def test_what_cannot_be_typed_is_said_beside_its_field(scene: Scene, tmp_path: Path) -> None:
    async with (
        listening_to(scene.house, tmp_path) as server,
        browser() as chromium,
        visiting(chromium, server) as visitor,
    ):
        page = visitor.page
        await visitor.goes_to("/bulk/new")
        for field, typed, said in (
            ("labels", "team", "expected KEY=VALUE in each line"),
            ("labels", "team=a\nteam=b", "expected each key once"),
            ("parent", "@all", "pattern"),
            ("grace_seconds", "a while", "expected a number of seconds"),
            ("runs_per_second", "0", "greater than or equal to 0.001"),
        ):
            await page.fill(f"[name={field}]", typed)
            await page.click("#bulk-create")
            await expect(page.locator(f"#{field}-wrong")).to_contain_text(said)
            await expect(page.locator(f"[name={field}]")).to_have_value(typed)
            assert await serious(page) == []
            await page.fill(f"[name={field}]", "")


@pytest.mark.usefixtures("swept")
async def test_no_page_of_it_runs_what_somebody_has_named_or_keeps_anybody_out(
    scene: Scene, tmp_path: Path
) -> None:
    bulk = Bulk(scene)
    flow_run_id = scene.named("<i>")
    labels = {"of": bulk.bulk_id, "said": SCRIPT}
    about = {"flow_run_id": flow_run_id, "name": SCRIPT, "labels": labels}
    await scene.answer_to({"type": "flow.register", **about})
    where = {"labels": labels, "names": [SCRIPT]}
    for state in ("preview", "over"):
        bulk.bulk_id = scene.named(state)
        await bulk.ask("create", where=where, reason=SCRIPT)
        await bulk.event("counted")
    await bulk.ask("start")
    await bulk.event("completed")
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        paths = [f"/bulk/{scene.named('preview')}", f"/bulk/{scene.named('over')}", "/bulk"]
        for name in ("preview", "over"):
            await has_read(server.means.model, scene, scene.named(name))
        looks: list[dict[str, Any]] = [
            {"color_scheme": "light"},
            {"color_scheme": "dark"},
            {"viewport": PHONE, "color_scheme": "dark"},
        ]
        for how in looks:
            await check_pages(server, chromium, paths, how)


async def check_pages(
    server: Listening, chromium: Any, paths: list[str], how: dict[str, Any]
) -> None:
    async with visiting(chromium, server, **how) as visitor:
        for path in (*paths, f"{paths[0]}/stop", "/bulk/new", "/bulk/nobody", "/bulk?state=Paused"):
            await visitor.goes_to(path)
            if path in paths:
                await expect(visitor.page.locator("main")).to_contain_text("<img")
            assert await visitor.page.evaluate("window.hit") is None
            assert await serious(visitor.page) == [], (path, how)
            wide = await visitor.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= how.get("viewport", DESK)["width"], (path, how)
        assert [said for said in visitor.wrong if "404" not in said] == []
        assert not any(url.endswith("/x") for url in visitor.asked)
