"""A database that somebody else has locked: cancels go on, and whoever reads is told how old it is.

The lock is a real one, of another process, as a backup or a forgotten shell has it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import expect

from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import has_read
from tests.scenarios.web.browsing import browser, listening_to, visiting
from tests.waiting import until

BEHIND: Final = "Rescind-Behind-Seconds"

_LOCK: Final = """
import sqlite3, sys
files = [sqlite3.connect(name, isolation_level=None) for name in sys.argv[1:]]
for file in files:
    file.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def locked(*files: Path) -> AsyncIterator[None]:
    """Nobody else can write these files."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LOCK, *map(str, files)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert await process.stdout.readline() == b"locked\n"
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def test_while_its_database_is_locked_cancels_go_and_reads_say_how_old_they_are(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening_to(scene.house, tmp_path) as server, browser() as chromium:
        ask, flow = server.client, await scene.begun("before", tasks=["t"])
        await has_read(server.means.model, scene, flow.flow_run_id)
        at = f"/flow-runs/{flow.flow_run_id}"
        assert BEHIND not in (await ask.get(at)).headers
        async with visiting(chromium, server) as visitor:
            await visitor.goes_to(at)
            said = visitor.page.locator("#behind")
            await expect(said).to_be_hidden()

            async with locked(tmp_path / "read-model.db", tmp_path / "read-model-1.db"):
                fresh = await scene.begun("fresh", tasks=["t"])
                for one in (flow, fresh):
                    answer = await ask.post(f"/api/v1/flow-runs/{one.flow_run_id}/cancel")
                    assert (answer.status_code, answer.json()["outcome"]) == (202, "cancelling")
                    await scene.event(one.flow_run_id, "flow.cancelling")

                async def is_said() -> bool:
                    return BEHIND in (await ask.get(f"/api/v1{at}")).headers

                await until(is_said)
                old = await ask.get(f"/api/v1{at}")
                assert (old.status_code, old.json()["state"]) == (200, "Running")
                assert int(old.headers[BEHIND]) >= 8
                unknown = await ask.get(f"/api/v1/flow-runs/{fresh.flow_run_id}")
                assert unknown.status_code == 404
                assert BEHIND in unknown.headers
                for path in ("/", at, f"/flow-runs/{fresh.flow_run_id}", "/stuck"):
                    assert "Shows the state of " in (await ask.get(path)).text
                # The page that was open before, without a reload.
                await expect(said).to_contain_text("Shows the state of", timeout=60_000)

            for one in (flow, fresh):
                await has_read(server.means.model, scene, one.flow_run_id)

            async def is_right() -> bool:
                seen = [
                    await ask.get(f"/api/v1/flow-runs/{one.flow_run_id}") for one in (flow, fresh)
                ]
                return all(
                    one.status_code == 200
                    and one.json()["state"] == "Running.Cancelling"
                    and BEHIND not in one.headers
                    for one in seen
                )

            await until(is_right)
            await expect(visitor.page.locator("#run .heading .chip")).to_have_text("Cancelling")
            await visitor.page.reload()
            await expect(said).to_be_hidden()
