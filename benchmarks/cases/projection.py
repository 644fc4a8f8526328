"""How many events a second of a journal, which the lifecycle wrote, the read model takes in."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import Any

import orjson

from benchmarks.cases.replay import JournalRead, live
from benchmarks.place import Place
from benchmarks.rows import Row
from benchmarks.service import Service, serve

__all__ = ["projected", "run"]

TARGET_PER_SECOND = 10_000


async def run(place: Place) -> list[Row]:
    """The row of one process and a file of SQLite."""
    tasks = place.size(100_000, 10_000)
    async with serve(place, "projection") as service:
        place.say(f"projection: {tasks:,} task runs come and go")
        with service.worker():
            await live(service, tasks)
        place.say("projection: into SQLite")
        into = await projected(
            service, f"sqlite:///{place.scratch / 'projection' / 'read-model.db'}"
        )
    return [
        Row(
            "projection", f"{into.events:,} events into SQLite", into.rate, "events/s",
            TARGET_PER_SECOND, False,
            f"N 1; {into.seconds:.1f} s in one process, the broker beside it",
        )
    ]  # fmt: skip


async def projected(service: Service, url: str) -> JournalRead:
    """Run a projection in a process of its own until it has everything."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load.projecting"),
        *(service.connection.bootstrap, service.names.journal, url),
        stdout=PIPE,
    )
    out, _ = await process.communicate()
    said: dict[str, Any] = orjson.loads(out)
    return JournalRead(**said)
