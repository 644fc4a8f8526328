"""How many events a second `rescind audit verify` folds, of a journal that the lifecycle wrote."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from typing import Any, NamedTuple

import orjson

from benchmarks.load.taskruns import TaskRuns
from benchmarks.place import Place
from benchmarks.rows import Row
from benchmarks.service import Service, serve
from rescind.cli.audit.sharing import WORTH_IT, processors
from rescind.events.requests.base import ITEMS_MAX

__all__ = ["JournalRead", "audit", "live", "run"]

TARGET_PER_SECOND = 50_000
PATIENCE_SECONDS = 300


class JournalRead(NamedTuple):
    """A journal that was read from its beginning to its end: how many events, in how long."""

    events: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


async def run(place: Place) -> list[Row]:
    """The rows of the whole journal, and of one partition, which is one process."""
    tasks = place.size(100_000, 10_000)
    async with serve(place, "replay") as service:
        place.say(f"replay: {tasks:,} task runs come and go")
        with service.worker():
            await live(service, tasks)
        place.say("replay: the audit")
        whole = await audit(service)
        part = await audit(service, "--partition", "0")
    shared = processors() if whole.events > WORTH_IT else 1
    return [
        Row(
            "replay", f"audit verify of {whole.events:,} events", whole.rate, "events/s",
            TARGET_PER_SECOND, False,
            f"N 1; {whole.seconds:.1f} s, processes: {shared}; the states are compared as well",
        ),
        Row(
            "replay", f"one partition of them, {part.events:,} events", part.rate, "events/s",
            note=f"N 1; {part.seconds:.1f} s in one process",
        ),
    ]  # fmt: skip


async def live(service: Service, tasks: int) -> None:
    """Let so many task runs be registered, started and ended: three events of each."""
    work = TaskRuns(service.requests, tasks)
    await service.settle(work.beginning())
    await service.settle(work.starting(ITEMS_MAX), PATIENCE_SECONDS)
    end = await service.load("stop", work.finishing(ITEMS_MAX))
    await service.progress.until("stop", end, PATIENCE_SECONDS)


async def audit(service: Service, *arguments: str) -> JournalRead:
    """Run the command.

    Raises:
        RuntimeError: it finds that the journal is not whole.

    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "rescind", "audit", "verify", "--json", *arguments),
        env={**os.environ, **service.environment},
        stdout=PIPE,
    )
    out, _ = await process.communicate()
    said: dict[str, Any] = orjson.loads(out or b"{}")
    if not said.get("whole"):
        raise RuntimeError(f"expected a journal that is whole, but got {said}")
    return JournalRead(said["events"], said["seconds"])
