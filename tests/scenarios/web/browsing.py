"""Pages as a person meets them: a server that listens, and a headless Chromium that looks at it."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

from tests.scenarios.harness import Driven, House, Scene
from tests.scenarios.http.http_api import has_read, means_of
from tests.scenarios.http.http_following import Listening, listening
from tests.waiting import until

__all__ = [
    "DESK",
    "PHONE",
    "Visitor",
    "browser",
    "form_of",
    "known",
    "listening_to",
    "serious",
    "visiting",
]

# As long as everything else here is waited for: by itself it gives up after five seconds.
expect.set_options(timeout=60_000)

PHONE: Final = {"width": 360, "height": 740}
DESK: Final = {"width": 1180, "height": 760}

_AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


@asynccontextmanager
async def listening_to(house: House, folder: Path, **settings: Any) -> AsyncIterator[Listening]:
    """A server of this deployment that has found Kafka and reads the journal."""
    means = means_of(house, folder, http_port=0, **settings)
    async with listening(means) as server:
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        yield server


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; skips the test where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    # Root has no sandbox of its own; what is looked at are our own pages.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield running
        finally:
            await running.close()


class Visitor:
    """Somebody at a browser.

    Attributes:
        page: what they look at.
        asked: the address of everything that the browser has asked for.
        wrong: what its console calls an error, and what a script has thrown.

    """

    def __init__(self, context: BrowserContext, page: Page, address: str) -> None:
        self.context = context
        self.page = page
        self.address = address
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on(
            "console",
            lambda said: self.wrong.append(said.text) if said.type == "error" else None,
        )

    def _note(self, request: Request) -> None:
        self.asked.append(request.url)

    async def goes_to(self, path: str) -> None:
        await self.page.goto(f"{self.address}{path}")

    async def tabs_to(self, element_id: str) -> None:
        """By the keyboard alone, as far as it takes; fails after a hundred stops."""
        for _ in range(100):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("document.activeElement.id") == element_id:
                return
        raise AssertionError(f"{element_id} cannot be reached by the keyboard")

    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.asked}


@asynccontextmanager
async def visiting(browser: Browser, server: Listening, **how: Any) -> AsyncIterator[Visitor]:
    """Somebody at this browser, at a desk unless it is said otherwise."""
    host, port = server.address
    context = await browser.new_context(**{"viewport": DESK, **how})
    try:
        yield Visitor(context, await context.new_page(), f"http://{host}:{port}")
    finally:
        await context.close()


async def known(scene: Scene, server: Listening, name: str) -> Driven:
    """A flow run with work in the hands of a stranger, as the pages know it."""
    flow = await scene.begun(name, tasks=["load"])
    await flow.says("task.register", items=[{"task_run_id": "publish"}])
    await has_read(server.means.model, scene, flow.flow_run_id)
    return flow


async def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody out, or that names two places alike; each with where."""
    await page.evaluate(_AXE)
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']} at {[node['target'] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"} or one["id"] == "landmark-unique"
    ]


def form_of(html: str) -> dict[str, str]:
    """The hidden fields of the form in a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
