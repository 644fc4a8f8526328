"""What is reported when it is over, as a person in a browser sees it."""

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import has_read
from tests.scenarios.http.http_following import Listening
from tests.scenarios.web.browsing import (
    PHONE,
    Visitor,
    browser,
    known,
    listening_to,
    serious,
    visiting,
)

RESULT = "s3://results/late"


async def test_15_in_the_browser_what_comes_after_a_clock_ended_it_is_told_and_the_state_stays(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        flow = await known(scene, server, "nightly")
        await scene.cancel(flow.flow_run_id, deadline_seconds=0.5)
        await scene.event(flow.flow_run_id, "flow.cancelled")
        await has_read(server.means.model, scene, flow.flow_run_id)
        async with visiting(chromium, server) as visitor:
            page = visitor.page
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
            await expect(page.locator(".notice.bad")).to_contain_text("may still be running")
            await expect(page.locator("#late")).to_have_count(0)

            # The page is open all the while, and nobody loads it again.
            await flow.ends("load", "success", result_ref=RESULT)
            await tells_of_it(visitor)
            await flow.ends("body", "failed", error={"type": "OSError", "message": "gone"})
            body = page.locator("#late li", has_text="own code")
            await expect(body).to_contain_text("With the error OSError: gone")
            await expect(page.locator(".notice.bad")).to_have_count(0)
            await expect(page.locator(".notice")).to_contain_text("it has reported since")
            await page.click("#to-late")
            await expect(page.locator("#late-title")).to_be_in_viewport()
            assert visitor.wrong == []
        await fits_a_phone(chromium, server, flow)


async def tells_of_it(visitor: Visitor) -> None:
    """That it came, what it said, and that the state stays: in words, and where one looks."""
    page = visitor.page
    late = page.locator("#late li")
    await expect(late).to_contain_text("load was reported as Success")
    await expect(late).to_contain_text("after its end")
    await expect(late).to_contain_text("It stays Cancelled, given up at its deadline")
    await expect(late).to_contain_text(f"With the result {RESULT}")
    await expect(page.locator("#run .heading .chip")).to_have_text("Cancelled")
    cancellation = page.locator("section", has=page.locator("#cancellation-title"))
    await expect(cancellation).to_contain_text("1 report came when what it is about was over")
    row = page.locator(".rows tr", has_text="given up at its deadline")
    await expect(row.locator(".chip")).to_have_text("Cancelled")
    await expect(row).to_contain_text("1 late report")
    await expect(page.locator(".timeline")).to_contain_text("Success came too late")


async def fits_a_phone(chromium: Browser, server: Listening, flow: Driven) -> None:
    for scheme in ("light", "dark"):
        async with visiting(chromium, server, viewport=PHONE, color_scheme=scheme) as visitor:
            await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
            await expect(visitor.page.locator("#late li")).to_have_count(2)
            assert await serious(visitor.page) == []
            wide = await visitor.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE["width"]
