"""Requests that are decided while they come: broker, load and worker on the same cores."""

import asyncio
import time
from multiprocessing.connection import Connection as Pipe
from typing import Any

from benchmarks.load.preload import BatchSender
from benchmarks.load.requests import Requests
from benchmarks.load.taskruns import TaskRuns, task_runs
from benchmarks.place import Place, child, cpu_seconds
from benchmarks.rows import Row
from benchmarks.service import serve
from rescind.kafka.connection import Connection

__all__ = ["offered"]

TARGET_PER_SECOND = 20_000
# More than is to be reached, or what is offered would be all that could be measured.
OFFERED_PER_SECOND = 25_000
TICK_SECONDS = 0.005
WARM_UP_SECONDS = 2.0


async def offered(place: Place) -> list[Row]:
    """One row: requests of one item decided each second."""
    place.say("throughput: while requests come")
    seconds = place.size(15, 6)
    count = OFFERED_PER_SECOND * seconds // 2
    async with serve(place, "offered") as service:
        # The generator makes the same ones from the same seed.
        known = task_runs(service.requests, count, place.seed)
        arguments = (service.connection, service.requests, count, place.seed)
        with service.worker() as pid, child(_offer, *arguments) as generator:
            await service.settle(known.beginning())
            await asyncio.to_thread(generator.pipe.recv)
            generator.pipe.send("begin")
            await asyncio.sleep(WARM_UP_SECONDS)
            began, cpu = time.monotonic(), cpu_seconds(pid)
            done = sum(service.progress.next("start").values())
            offered_in: float = await asyncio.to_thread(generator.pipe.recv)
            lasted = time.monotonic() - began
            cpu = cpu_seconds(pid) - cpu
            decided = sum(service.progress.next("start").values()) - done
    note = (
        f"{2 * count / offered_in:,.0f}/s offered, {decided:,} decided in {lasted:.0f} s; "
        f"worker {cpu / lasted:.0%} of a core, {cpu / decided * 1e6:.1f} µs a request"
    )
    what = "registrations and starts of one item, while they come"
    return [Row("throughput", what, decided / lasted, "requests/s", TARGET_PER_SECOND, False, note)]


def _offer(
    connection: Connection, requests: Requests, count: int, seed: int, pipe: "Pipe[Any, Any]"
) -> None:
    """Send them at the rate that is offered; says "ready", and at the end how long it took."""
    asyncio.run(_send(connection, task_runs(requests, count, seed), pipe))


async def _send(connection: Connection, work: TaskRuns, pipe: "Pipe[Any, Any]") -> None:
    # Setting up uses chance too: without it these would have other ids than those.
    work.beginning()
    records = list(work.one_after_the_other())
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    async with BatchSender(connection) as sender:
        began = time.monotonic()
        sent = 0
        while sent < len(records):
            due = min(round((time.monotonic() - began) * OFFERED_PER_SECOND), len(records))
            for record in records[sent:due]:
                await sender.put(record)
            sent = due
            await sender.flush(wait=False)
            await asyncio.sleep(TICK_SECONDS)
        lasted = time.monotonic() - began
        pipe.send(lasted)
        await sender.flush()
