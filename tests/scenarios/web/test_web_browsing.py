"""The way of a person in a browser: from the list to a flow run that is cancelled, and around."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import has_read
from tests.scenarios.http.test_http_letters import put_aside
from tests.scenarios.web.browsing import (
    DESK,
    PHONE,
    browser,
    known,
    listening_to,
    serious,
    visiting,
)
from tests.waiting import until

OTHERS = (
    *("/stuck", "/runners", "/flow-runs/nobody", "/no/such/page", "/sign-out"),
    *("/?text=nobody", "/?label=alone", "/?stuck=true", "/?cursor=bm8", "/?since=noon"),
    *("/?since=2026-06-30T22:00&parent=p", "/runners?gone=true", "/dead-letters", "/bulk"),
)
WIDER_PHONE = {"width": 390, "height": 760}


async def test_01_by_keyboard_alone_a_run_is_found_cancelled_and_watched_to_its_end(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/?text={flow.flow_run_id}")
            await visitor.tabs_to(f"run-{flow.flow_run_id}")
            await page.keyboard.press("Enter")
            await expect(page.locator("#run .heading .chip")).to_have_text("Running")
            await visitor.tabs_to("cancel")
            await page.keyboard.press("Enter")
            await expect(page.locator("dialog[open] h1")).to_have_text("Cancel flow")
            await expect(page.locator("dialog textarea")).to_be_focused()
            await expect(page.locator("dialog .forecast")).to_contain_text("1 waiting")
            await page.keyboard.press("Escape")
            await expect(page.locator("dialog[open]")).to_have_count(0)
            await expect(page.locator("#cancel")).to_be_focused()

            await page.keyboard.press("Enter")
            await expect(page.locator("dialog textarea")).to_be_focused()
            await page.keyboard.type("wrong input")
            await visitor.tabs_to("ask-send")
            await page.keyboard.press("Enter")
            await expect(page.locator("#run .heading .chip")).to_have_text("Cancelling")
            await expect(page.locator(".notice").first).to_contain_text("Being cancelled")
            await expect(page.locator("#run q")).to_have_text("wrong input")
            clock = page.locator(".clock").first
            before = await clock.inner_text()
            await expect(clock).not_to_have_text(before)

            await visitor.tabs_to("to-journal")
            await flow.ends("load", "cancelled", how="graceful", stopped_confirmed=True)
            await flow.ends("body", "success")
            await expect(page.locator("#run .heading .chip")).to_have_text("Cancelled")
            await expect(page.locator("#to-journal")).to_be_focused()
            await expect(page.locator(".account")).to_contain_text(
                "asked to stop, and ended by itself"
            )
            await expect(page.locator(".account")).to_contain_text("1 never started")
            await expect(page.locator("#abort, #cancel")).to_have_count(0)
            assert visitor.wrong == []
            assert visitor.hosts() == {visitor.address.removeprefix("http://")}


async def test_48_by_its_button_a_cancel_that_goes_on_is_aborted(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        await scene.cancel(flow.flow_run_id)
        await has_read(server.means.model, scene, flow.flow_run_id)
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
            await page.click("#abort")
            await expect(page.locator("dialog[open] h1")).to_have_text("Abort flow")
            await page.click("#ask-send")
            await expect(page.locator(".ladder")).to_contain_text("killed at once")
            await expect(page.locator("#abort")).to_have_count(0)
    await scene.event(flow.flow_run_id, "cancellation.escalated")


async def test_without_a_script_everything_can_be_done(scene: Scene, tmp_path: Path) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        async with visiting(chromium, server, java_script_enabled=False) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/?text={flow.flow_run_id}")
            await page.click(f"#run-{flow.flow_run_id}")
            await page.click("#cancel")
            await page.fill("textarea", "by hand")
            await page.click("#ask-send")
            await page.wait_for_url("**?answer=cancelling")
    await scene.event(flow.flow_run_id, "flow.cancelling")


async def test_a_list_that_is_open_shows_what_is_new_and_keeps_its_reader_in_place(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        first = await known(scene, server, "first")
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to("/")
            await page.focus(f"#run-{first.flow_run_id}")
            second = await scene.begun("second")
            await expect(page.locator(f"#run-{second.flow_run_id}")).to_be_visible()
            await expect(page.locator(f"#run-{first.flow_run_id}")).to_be_focused()
            await page.fill("input[name=text]", "half a wo")
            third = await scene.begun("third")
            await expect(page.locator(f"#run-{third.flow_run_id}")).to_be_visible()
            await expect(page.locator("input[name=text]")).to_have_value("half a wo")
            await expect(page.locator("input[name=text]")).to_be_focused()


async def test_a_page_that_cannot_be_renewed_says_so(scene: Scene, tmp_path: Path) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        async with visiting(chromium, server) as visitor:
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
            await until(lambda: server.means.streams > 0)
            (tmp_path / "read-model-1.db").rename(tmp_path / "away")
            await expect(visitor.page.locator("#freshness")).to_contain_text("may be old")
            await expect(visitor.page.locator("#run .heading .chip")).to_have_text("Running")


async def test_no_page_runs_what_somebody_has_named(scene: Scene, tmp_path: Path) -> None:
    script = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow_run_id = scene.named("named")
        named = {"name": script, "labels": {"of": script}}
        await scene.answer_to({"type": "flow.register", "flow_run_id": flow_run_id, **named})
        await scene.cancel(flow_run_id, reason=script)
        await has_read(server.means.model, scene, flow_run_id)
        async with visiting(chromium, server) as visitor:
            at = f"/flow-runs/{flow_run_id}"
            for path in ("/", at, f"{at}/cancel", f"{at}/journal"):
                await visitor.goes_to(path)
                await expect(visitor.page.locator("main")).to_contain_text("<img")
                assert await visitor.page.evaluate("window.hit") is None
            assert visitor.wrong == []
            assert not any("/x" in url for url in visitor.asked)


async def test_no_page_keeps_anybody_out_in_light_in_dark_or_on_a_phone(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow, over = await known(scene, server, "nightly"), await known(scene, server, "over")
        await scene.cancel(flow.flow_run_id, reason="enough")
        await scene.cancel(over.flow_run_id)
        await over.ends("load", "cancelled", how="forced", stopped_confirmed=False)
        await over.ends("body", "failed")
        await has_read(server.means.model, scene, over.flow_run_id)
        at = f"/flow-runs/{flow.flow_run_id}"
        letter = f"/dead-letters/{await put_aside(scene, b'{}')}"
        paths = ("/", at, f"{at}/cancel", f"{at}/journal", f"/flow-runs/{over.flow_run_id}", letter)
        looks: list[dict[str, Any]] = [
            {"color_scheme": "light"},
            {"color_scheme": "dark"},
            {"viewport": PHONE, "color_scheme": "light"},
        ]
        for how in looks:
            async with visiting(chromium, server, **how) as visitor:
                for path in (*paths, *OTHERS):
                    await visitor.goes_to(path)
                    assert await serious(visitor.page) == [], (path, how)
                    wide = await visitor.page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= how.get("viewport", DESK)["width"], (path, how)


async def test_on_a_phone_no_words_run_into_each_other_and_what_to_do_is_in_sight(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        long = [{"task_run_id": "a-task-run-with-a-name-that-is-longer-than-a-phone-is-wide"}]
        await flow.says("task.register", items=long)
        await scene.cancel(flow.flow_run_id, reason="enough")
        await has_read(server.means.model, scene, flow.flow_run_id)
        async with visiting(chromium, server, viewport=WIDER_PHONE) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
            drawn = await boxes(page, ".timeline")
            ticks = await boxes(page, ".timeline text.tick")
            words = await boxes(page, ".timeline .mark text")
            assert len(ticks) == 3
            assert all(one["right"] < other["left"] for one, other in pairwise(ticks))
            assert len(words) >= 2
            for one in (*ticks, *words):
                assert drawn[0]["left"] - 1 <= one["left"] < one["right"] <= drawn[0]["right"] + 1
            said = page.locator(".bar-said")
            for bar in await said.all():
                assert not await bar.evaluate("it => it.scrollWidth > it.clientWidth")
            # What is too long says so by an ellipsis, which only a box that cuts can have.
            cut = page.locator(".bar-label", has_text="longer-than")
            assert await cut.evaluate("it => it.scrollWidth > it.clientWidth")
            assert await cut.evaluate("it => getComputedStyle(it).textOverflow") == "ellipsis"

            await page.click("#abort")
            await expect(page.locator("dialog[open]")).to_be_visible()
            (send,) = await boxes(page, "#ask-send")
            assert 0 <= send["top"] < send["bottom"] <= WIDER_PHONE["height"]


async def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    """Where what is seen of these is."""
    found: list[dict[str, float]] = await page.evaluate(
        """selector => [...document.querySelectorAll(selector)]
            .filter(it => it.getClientRects().length)
            .map(it => it.getBoundingClientRect().toJSON())""",
        selector,
    )
    return found


async def test_a_journal_that_is_open_goes_on_and_keeps_what_was_unfolded(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}/journal")
            first = page.locator(".events details").first
            await expect(first).to_contain_text("registered as")
            await expect(first).to_contain_text("flow.registered.v1")
            await first.locator("summary").focus()
            await page.keyboard.press("Enter")
            await expect(first.locator("pre")).to_be_visible()
            await scene.cancel(flow.flow_run_id, reason="enough")
            await expect(page.locator(".events")).to_contain_text("cancel asked by")
            await expect(page.locator(".events")).to_contain_text("“enough”")
            await expect(first.locator("pre")).to_be_visible()
            assert visitor.wrong == []
