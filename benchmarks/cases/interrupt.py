"""From an intent to `Cancelled` in user code: in the executor alone, and in a real flow run.

The flow runs are the whole chain: a cancel is sent, the lifecycle decides, the flow runner reads
its intent, the main thread is interrupted in a sleep or in a loop, the end is reported, and the
flow run is cancelled.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection as Pipe
from typing import Any, NamedTuple

from benchmarks.cases import local_interrupt
from benchmarks.place import SIGNING_KEY, Place, child
from benchmarks.rows import Row, latencies
from benchmarks.seeing import flows_cancelled, watching
from benchmarks.service import Service, serve
from rescind.cancelled import Cancelled
from rescind.kafka.writing.sender import Sender
from rescind.logs import configure_logging
from rescind.runners.executors import LocalExecutor
from rescind.runners.flowrunner.runner import FlowRunner
from rescind.runners.flowrunner.spec import FlowSpec
from rescind.runners.flowrunner.watching import Happening
from rescind.settings import load_settings

__all__ = ["run"]

TARGET_MS = 5.0
RUN_SECONDS = (0.05, 0.25)


class Interrupted(NamedTuple):
    """One flow run, in seconds of the monotonic clock."""

    flow_run_id: str
    told_at: float
    interrupted_at: float


async def run(place: Place) -> list[Row]:
    """The rows of the executor, and those of flow runs that sleep and that compute."""
    place.say("interrupt: the executor")
    with child(_executor_alone, place.seed) as process:
        rows: list[Row] = await asyncio.to_thread(process.pipe.recv)
    rows = [replace(row, bench="interrupt") for row in rows]
    for what in ("sleep", "loop in Python"):
        place.say(f"interrupt: flow runs, {what}")
        async with serve(place, f"interrupt {what}") as service:
            with service.worker():
                rows += await _flow_runs(service, what, place.size(60, 20))
    return rows


def _executor_alone(seed: int, pipe: "Pipe[Any, Any]") -> None:
    # In a process of its own: signals reach its main thread, and no event loop runs there.
    pipe.send(local_interrupt.run(seed))


async def _flow_runs(service: Service, what: str, count: int) -> list[Row]:
    told_ms: list[float] = []
    interrupted_ms: list[float] = []
    settled_ms: list[float] = []
    ids = service.requests.flow_ids(count)
    chance = service.requests.chance
    place = (service.connection.bootstrap, service.names.prefix)
    async with (
        Sender(service.connection) as sender,
        watching(service.connection, service.names.cancellations, flows_cancelled) as ended,
    ):
        with child(_run_flows, place, ids, what) as process:
            for number, flow in enumerate(ids):
                await asyncio.to_thread(process.pipe.recv)
                await asyncio.sleep(chance.uniform(*RUN_SECONDS))
                record = service.requests.cancel_flow(flow)
                sent = time.monotonic()
                sender.post(record)
                found: Interrupted = await asyncio.to_thread(process.pipe.recv)
                await ended.all_of([flow], 30)
                if number:  # The first is a warm-up.
                    told_ms.append((found.told_at - sent) * 1000)
                    interrupted_ms.append((found.interrupted_at - found.told_at) * 1000)
                    settled_ms.append((ended.at[flow] - sent) * 1000)
    flow_run = f"flow run, {what}"
    return [
        *latencies(
            "interrupt", f"{flow_run}: intent read to interrupted", interrupted_ms, TARGET_MS
        ),
        *latencies("interrupt", f"{flow_run}: cancel sent to intent read", told_ms),
        *latencies("interrupt", f"{flow_run}: cancel sent to cancelled", settled_ms),
    ]


def _run_flows(place: tuple[str, str], ids: list[str], what: str, pipe: "Pipe[Any, Any]") -> None:
    """Run flow runs one after the other; says "running", and then how each was `Interrupted`."""
    configure_logging("WARNING")
    bootstrap, prefix = place
    settings = load_settings(bootstrap=bootstrap, topic_prefix=prefix, signing_keys=SIGNING_KEY)
    for flow in ids:
        told: list[float] = []
        caught: list[float] = []
        body = _body(what, caught, pipe)
        runner = FlowRunner(
            FlowSpec("measured", body, flow), LocalExecutor(), settings, tell=_noting(told)
        )
        runner.run()
        pipe.send(Interrupted(flow, told[0], caught[0]))


def _noting(told: list[float]) -> Callable[[Happening], None]:
    def tell(happening: Happening) -> None:
        if happening.what == "told":
            told.append(time.monotonic())

    return tell


def _body(what: str, caught: list[float], pipe: "Pipe[Any, Any]") -> Callable[[], None]:
    def body() -> None:
        pipe.send("running")
        try:
            while True:
                if what == "sleep":
                    time.sleep(60)
        except Cancelled:
            caught.append(time.monotonic())
            raise

    return body
