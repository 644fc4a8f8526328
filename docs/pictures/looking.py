"""A person at a browser: signs in, goes to each page, and takes a picture of it."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from docs.pictures.story import COMING, LEDGER, NIGHTLY, SCORES, TRAINING
from docs.pictures.world import World
from playwright.async_api import Browser, Page, async_playwright, expect

__all__ = ["Picture", "Places", "browser", "look", "pictures", "sign_in_page"]

_DESK: Final = 1180
_PHONE: Final = 390


class Picture(NamedTuple):
    """A page as it is shown. ``prepared``: what is done there first. ``height`` None: all of it."""

    name: str
    path: str
    height: int | None = None
    prepared: Callable[[Page], Awaitable[object]] | None = None
    width: int = _DESK
    scheme: str = "light"


class Places(NamedTuple):
    """What is where nobody can know before: a bulk cancellation, a draft of one, a dead letter."""

    bulk_id: str
    draft_id: str
    letter: str


def pictures(of: Places) -> Sequence[Picture]:
    """All that the documentation shows, the ones that go on first."""
    run = f"/flow-runs/{NIGHTLY}"
    return (
        Picture("bulk", f"/bulk/{of.bulk_id}", 900),
        Picture("bulk-stop", f"/bulk/{of.bulk_id}/stop"),
        Picture("bulks", "/bulk"),
        Picture("run", run, 1240),
        Picture("run-phone", run, 1500, width=_PHONE, scheme="dark"),
        Picture("runs", "/", 900),
        Picture("cancel", f"/flow-runs/{TRAINING}", 860, _open_dialog),
        Picture("journal", f"/flow-runs/{LEDGER}/journal", 1180, _open_event),
        Picture("stuck", "/stuck"),
        Picture("runners", "/runners"),
        Picture("dead-letters", "/dead-letters"),
        Picture("dead-letter", f"/dead-letters/{of.letter}"),
        Picture("bulk-new", "/bulk/new?states=Pending&labels=team%3Dbackfill"),
        Picture("bulk-preview", f"/bulk/{of.draft_id}", None, _type_the_count),
        Picture("armed", f"/flow-runs/{COMING}"),
        Picture("abort", run, 860, _open_abort),
        Picture("tasks", f"/flow-runs/{SCORES}/task-runs"),
        Picture("cancel-task", f"/flow-runs/{SCORES}/task-runs", 860, _open_task_dialog),
        Picture("task", f"/flow-runs/{SCORES}/task-runs/score-south"),
        Picture("sign-out", "/sign-out"),
    )


def sign_in_page() -> Picture:
    """Of somebody who has not signed in."""
    return Picture("sign-in", "/sign-in")


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium. Raises `FileNotFoundError` where there is none."""
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("expected the program chromium (Debian: apt install chromium)")
    # Root has no sandbox of its own; what is looked at are our own pages.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield running
        finally:
            await running.close()


async def look(
    running: Browser, world: World, wanted: Iterable[Picture], folder: Path, *, signed_in: bool
) -> None:
    """Take these pictures into a folder."""
    cookies: Any = None
    for one in wanted:
        context = await running.new_context(
            viewport={"width": one.width, "height": one.height or 500},
            color_scheme="dark" if one.scheme == "dark" else "light",
            reduced_motion="reduce",
            storage_state=cookies,
        )
        page = await context.new_page()
        if signed_in and cookies is None:
            await _sign_in(page, world)
            cookies = await context.storage_state()
        await page.goto(f"{world.address}{one.path}")
        if one.prepared is not None:
            await one.prepared(page)
        path = folder / f"{one.name}.png"
        await page.screenshot(path=path, full_page=one.height is None, animations="disabled")
        await context.close()


async def _sign_in(page: Page, world: World) -> None:
    await page.goto(f"{world.address}/sign-in")
    await page.fill("#shown", world.token)
    await page.click("#sign-in")
    await expect(page.locator(".signed-in")).to_be_visible()


async def _open_dialog(page: Page) -> None:
    await page.click("#cancel")
    await page.fill("dialog textarea", "the features of last week")
    await expect(page.locator("dialog .forecast")).to_be_visible()


async def _open_abort(page: Page) -> None:
    await page.click("#abort")
    await expect(page.locator("dialog #ask-send")).to_be_visible()
    await page.fill("dialog textarea", "it must not go on until the morning")


async def _open_task_dialog(page: Page) -> None:
    await page.click("#cancel-score-west")
    await page.fill("dialog textarea", "west is scored elsewhere")


async def _type_the_count(page: Page) -> None:
    await page.fill("#confirmed", "128")


async def _open_event(page: Page) -> None:
    said = page.locator("details", has_text="flow.cancelling").first
    await said.locator("summary").click()
    await expect(said.locator("pre")).to_be_visible()
