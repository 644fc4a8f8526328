"""What a person reads in a browser before a cancel, and afterwards what has come of it."""

from playwright.async_api import Page, expect

from rescind.runners.client import CascadePolicy, Ended, RunnerClient
from tests.scenarios.families import begin_child, begin_family, told
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import has_read
from tests.scenarios.http.http_following import Listening
from tests.scenarios.web.browsing import Visitor, known

RESULT = "s3://results/kept"


async def open_dialog(visitor: Visitor, flow_run_id: str) -> Page:
    await visitor.goes_to(f"/flow-runs/{flow_run_id}")
    await visitor.page.click("#cancel")
    await expect(visitor.page.locator("dialog[open] .forecast")).to_be_visible()
    return visitor.page


async def test_53_54_the_dialog_says_which_children_are_cancelled_waited_for_and_left_alone(
    scene: Scene, server: Listening, visitor: Visitor
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, waited = await begin_family(runner, scene, CascadePolicy.WAIT)
        more = await begin_child(runner, scene, parent, "more", CascadePolicy.WAIT)
        asked = await begin_child(runner, scene, parent, "asked", CascadePolicy.REQUEST)
        alone = await begin_child(runner, scene, parent, "alone", CascadePolicy.NONE)
        await has_read(server.means.model, scene, parent.flow_run_id)

        page = await open_dialog(visitor, parent.flow_run_id)
        forecast = page.locator("dialog .forecast")
        await expect(forecast).to_contain_text("1 running")
        await expect(forecast).to_contain_text(
            "2 child flow runs: cancelled as well, and waited for."
        )
        await expect(forecast).to_contain_text(
            "1 child flow run: cancelled as well, and not waited for."
        )
        await expect(forecast).to_contain_text("1 child flow run: left alone, as its policy says.")
        await page.click("#ask-send")
        await expect(page.locator("#run .heading .chip")).to_have_text("Cancelling")
        for child in (waited, more, asked):
            await told(child)
            await child.end(Ended.cancelled())
        await parent.end(Ended.cancelled())
        await expect(page.locator("#run .heading .chip")).to_have_text("Cancelled")

        await has_read(server.means.model, scene, alone.flow_run_id)
        await visitor.goes_to(f"/flow-runs/{alone.flow_run_id}")
        await expect(page.locator("#run .heading .chip")).to_have_text("Running")
        await expect(page.locator("#parent")).to_have_text(parent.flow_run_id)
        await alone.end(Ended.success())


async def test_57_the_page_of_a_parent_goes_on_when_its_child_is_cancelled_alone(
    scene: Scene, server: Listening, visitor: Visitor
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.WAIT)
        await has_read(server.means.model, scene, child.flow_run_id)

        page = await open_dialog(visitor, child.flow_run_id)
        await page.click("#ask-send")
        await expect(page.locator("#run .heading .chip")).to_have_text("Cancelling")
        await told(child)
        await child.end(Ended.cancelled())
        await expect(page.locator("#run .heading .chip")).to_have_text("Cancelled")
        await page.click("#parent")
        await expect(page.locator("#run .heading .chip")).to_have_text("Running")
        await expect(page.locator(".rows .chip")).to_have_text("Cancelled")
        await parent.end(Ended.success())
        await expect(page.locator("#run .heading .chip")).to_have_text("Success")


async def test_10_13_14_16_62_one_page_tells_who_asked_why_what_was_done_and_what_came_of_each(
    scene: Scene, server: Listening, visitor: Visitor
) -> None:
    flow = await scene.begun("nightly", ["stops", "returns", "raises", "retries"])
    await flow.says("task.register", items=[{"task_run_id": "waits"}])
    await flow.ends("retries", "failed", retry_at="2099-01-01T00:00:00Z")
    ann = {"kind": "user", "id": "ann"}
    await scene.cancel(flow.flow_run_id, reason="wrong input", actor=ann)
    begun = await scene.event(flow.flow_run_id, "flow.cancelling")
    held = [{"task_run_id": task} for task in ("body", "stops", "returns", "raises")]
    knows = {"cancellation_id": begun.id, "chunk": 0, "last": True, "held": held}
    await flow.says("cancellation.acknowledge", **knows)
    await flow.ends("stops", "cancelled", how="graceful", stopped_confirmed=True)
    await flow.ends("returns", "success", result_ref=RESULT)
    await flow.ends("raises", "failed", error={"type": "ValueError", "message": "no rows"})
    await flow.ends("body", "cancelled")
    await has_read(server.means.model, scene, flow.flow_run_id)

    page = visitor.page
    await visitor.goes_to(f"/flow-runs/{flow.flow_run_id}")
    cancellation = page.locator("section", has=page.locator("#cancellation-title"))
    await expect(cancellation).to_contain_text("by user ann (unverified): wrong input")
    for words in (
        *("1 asked to stop, and ended by itself", "1 ended with success", "1 failed"),
        *("1 never started", "1 not tried again"),
    ):
        await expect(cancellation.locator(".account")).to_contain_text(words)
    await expect(cancellation).to_contain_text("after it was asked")
    for mark in ("cancel asked", "told +", "acknowledged +", "over +"):
        await expect(page.locator(".timeline")).to_contain_text(mark)
    await page.click("#to-journal")
    for kind in ("flow.cancelling", "cancellation.sent", "cancellation.acknowledged"):
        await expect(page.locator(".events")).to_contain_text(kind)


async def test_47_an_abort_that_is_chosen_in_the_dialog_has_no_grace(
    scene: Scene, server: Listening, visitor: Visitor
) -> None:
    flow = await known(scene, server, "nightly")

    page = await open_dialog(visitor, flow.flow_run_id)
    await page.check("dialog input[value=abort]")
    await page.click("#ask-send")

    await expect(page.locator("#run")).to_contain_text("Abort, without grace.")
    await expect(page.locator(".ladder")).to_contain_text("what can be killed is killed at once")
    await expect(page.locator("#abort, #cancel")).to_have_count(0)
    begun = await scene.event(flow.flow_run_id, "flow.cancelling")
    terms = begun.event.model_dump()["terms"]
    assert (terms["mode"], terms["grace_seconds"]) == ("abort", 0)


async def test_04_06_64_what_a_page_says_of_a_cancel_is_what_it_comes_to(
    scene: Scene, server: Listening, visitor: Visitor
) -> None:
    pending, page = scene.named("pending"), visitor.page
    await scene.answer_to({"type": "flow.register", "flow_run_id": pending})
    items = [{"task_run_id": "a"}, {"task_run_id": "b"}]
    await scene.answer_to({"type": "task.register", "flow_run_id": pending, "items": items})
    await has_read(server.means.model, scene, pending)

    await open_dialog(visitor, pending)
    forecast = page.locator("dialog .forecast")
    await expect(forecast).to_contain_text("0 running")
    await expect(forecast).to_contain_text("2 waiting: they never start")
    await page.click("#ask-send")
    await expect(page.locator("#run .heading .chip")).to_have_text("Cancelled")
    await expect(page.locator(".account")).to_contain_text("2 never started")

    await expect(page.locator("#cancel, #abort")).to_have_count(0)
    await visitor.goes_to(f"/flow-runs/{pending}/cancel")
    await expect(page.locator("#ask")).to_contain_text("This cannot be cancelled")


async def test_24_26_the_page_of_what_is_run_again_leads_to_the_old_one_which_stays_as_it_was(
    scene: Scene, server: Listening, visitor: Visitor
) -> None:
    flow, again, page = await scene.begun_without_body(), scene.named("again"), visitor.page
    await scene.cancel(flow.flow_run_id)
    await scene.event(flow.flow_run_id, "flow.cancelled")
    await flow.says("flow.finish", end="success")
    about = {"type": "flow.register", "flow_run_id": again, "rerun_of": flow.flow_run_id}
    await scene.answer_to(about)
    await has_read(server.means.model, scene, flow.flow_run_id)
    await has_read(server.means.model, scene, again)

    await visitor.goes_to(f"/flow-runs/{again}")
    await expect(page.locator("#run .heading .chip")).to_have_text("Pending")
    await page.click("#rerun-of")

    await expect(page.locator("#run .heading .chip")).to_have_text("Cancelled")
    await expect(page.locator("#run .id").first).to_have_text(flow.flow_run_id)
    late = page.locator("#late li")
    await expect(late).to_contain_text("The flow run was reported as Success")
    await expect(late).to_contain_text("It stays Cancelled")
