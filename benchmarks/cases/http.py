"""The same cancels by HTTP, events to many who follow, and pages that show a lot."""

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import httpx

from benchmarks.load.asking import ask_by_the_clock
from benchmarks.load.cancelling import WARM_UP, Flows
from benchmarks.load.following import Arrivals, follow
from benchmarks.load.sending import Departures, arrivals
from benchmarks.place import Place, Spent, child, started
from benchmarks.rows import Row, latencies, percentile
from benchmarks.seeing import flows_told, watching
from benchmarks.service import Service, serve
from rescind.kafka.reading.visits import ends

__all__ = ["run"]

HOST: Final = "127.0.0.1"
IDLE_PER_SECOND: Final = 15
FOLLOWERS: Final = 500
READY_SECONDS: Final = 60
LOOK_SECONDS: Final = 0.2
LAST_SEEN_SECONDS_MAX: Final = 60
PAGE_SECONDS_MAX: Final = 1.0
IN_A_PAGE: Final = 10_000
CHUNK: Final = 500


async def run(place: Place) -> list[Row]:
    """The rows of all three."""
    rows = await _told(place, IDLE_PER_SECOND, place.size(600, 150), 20, 80, "idle")
    rows += await _told(place, 200, 200 * place.size(12, 5), None, 200, "200 cancels/s")
    rows += await _followed(place)
    return rows + await _pages(place)


@contextmanager
def _server(place: Place, service: Service, name: str) -> Iterator[tuple[str, int, int]]:
    """A server with a read model of its own: its address, its port, its process id."""
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    environment = service.environment | {
        "RESCIND_HTTP_PORT": str(port),
        "RESCIND_ACCESS": "open",
        "RESCIND_DATABASE_URL": f"sqlite:///{place.scratch / name}.db",
    }
    with started("benchmarks.server", environment=environment) as program:
        yield f"http://{HOST}:{port}", port, program.pid


@asynccontextmanager
async def _asked(place: Place, service: Service, name: str) -> AsyncIterator[tuple[str, int, int]]:
    """The same, once it has read all that the journal has by now."""
    last = await ends(service.connection, service.names.journal)
    with _server(place, service, name) as (address, port, pid):
        end = time.monotonic() + READY_SECONDS + sum(last.values()) / 2_000
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            while not await _has_read(client, last):
                assert time.monotonic() < end, "the read model has not come to the journal's end"
                await asyncio.sleep(LOOK_SECONDS)
        yield address, port, pid


async def _has_read(client: httpx.AsyncClient, last: dict[int, int]) -> bool:
    try:
        answer = await client.get("/health/ready")
    except httpx.TransportError:
        return False
    lag = answer.json().get("lag") or {}
    return len(lag) == len(last) and not any(one["offsets"] for one in lag.values())


async def _told(
    place: Place, rate: int, count: int, p50_ms: float | None, p99_ms: float, load: str
) -> list[Row]:
    """From the moment a cancel is asked by HTTP to the intent that its runner reads."""
    place.say(f"http: {load}")
    async with serve(place, f"http {load}") as service:
        flows = Flows(service, count)
        with service.worker():
            await service.settle(flows.beginning())
            async with _asked(place, service, f"told-{rate}") as (address, _, pid):
                moments = arrivals(service.requests.chance, rate, count, 0.5)
                plan = list(zip(moments, flows.ids, strict=True))
                async with watching(service.connection, service.names.inbox, flows_told) as told:
                    with child(ask_by_the_clock, address, plan) as loop:
                        await asyncio.to_thread(loop.pipe.recv)
                        spent = Spent("server", pid)
                        loop.pipe.send(time.monotonic())
                        departures, statuses = await asyncio.to_thread(loop.pipe.recv)
                        await told.all_of(flows.ids, 60)
                    shares = spent.said()
    sent = dict(zip(flows.ids, departures.sent_at, strict=True))
    # The server is new: in its first second it opens connections and makes its statements.
    warm_up = max(WARM_UP, rate)
    counted = [flow for flow in flows.ids[warm_up:] if flow in told.at]
    values = [(told.at[flow] - sent[flow]) * 1000 for flow in counted]
    note = _said(departures, statuses, count - warm_up - len(counted), shares)
    what = f"cancel asked by HTTP to intent read, {load}"
    return latencies("http", what, values, p50_ms, p99_ms, note)


def _said(departures: Departures, statuses: dict[int, int], missing: int, shares: str) -> str:
    answers = ", ".join(f"{n:,} times {status}" for status, n in sorted(statuses.items()))
    late = percentile(departures.late_ms, 99)
    note = f"answered {answers}; sent p99 {late:.1f} ms late; {shares}"
    return f"{missing} NEVER SEEN; {note}" if missing else note


async def _followed(place: Place) -> list[Row]:
    """From a cancel that is asked by HTTP to each of many clients that follow all events."""
    clients, count = place.size(FOLLOWERS, 50), place.size(60, 15)
    place.say(f"http: {clients} clients that follow")
    async with serve(place, "http followed") as service:
        flows = Flows(service, count)
        with service.worker():
            await service.settle(flows.beginning())
            async with _asked(place, service, "followed") as (address, port, pid):
                plan = [(0.5 + n / 2, flow) for n, flow in enumerate(flows.ids)]
                with child(follow, HOST, port, clients, count) as crowd:
                    await asyncio.to_thread(crowd.pipe.recv)
                    with child(ask_by_the_clock, address, plan) as loop:
                        await asyncio.to_thread(loop.pipe.recv)
                        spent = Spent("server", pid)
                        loop.pipe.send(time.monotonic())
                        departures, _ = await asyncio.to_thread(loop.pipe.recv)
                        shares = spent.said()
                    crowd.pipe.send(LAST_SEEN_SECONDS_MAX)
                    seen: Arrivals = await asyncio.to_thread(crowd.pipe.recv)
    sent = dict(zip(flows.ids, departures.sent_at, strict=True))
    values = [(at - sent[flow]) * 1000 for flow in flows.ids for at in seen.get(flow, ())]
    missing = clients * count - len(values)
    note = f"{clients} clients, {count} flow runs, two a second; {shares}"
    if missing:
        note = f"{missing} NEVER SEEN; {note}"
    what = f"cancel asked by HTTP to flow.cancelling seen by {clients} who follow"
    return latencies("http", what, values, None, 500, note)


async def _pages(place: Place) -> list[Row]:
    """Pages of 10,000 flow runs, and of a flow run of as many task runs."""
    count = place.size(IN_A_PAGE, 1_000)
    async with serve(place, "http pages") as service:
        place.say(f"http: {count:,} flow runs, and {count:,} task runs of one")
        flows = Flows(service, count)
        large, tasks = flows.ids[0], [f"t{n}" for n in range(count)]
        runner = flows.runner_of[large]
        with service.worker():
            await service.settle(flows.beginning())
            parts = [tasks[n : n + CHUNK] for n in range(0, count, CHUNK)]
            requests = service.requests
            await service.settle(requests.register_tasks(large, runner, part) for part in parts)
            await service.settle(requests.start_tasks(large, runner, part) for part in parts)
            async with _asked(place, service, "pages") as (address, _, _):
                pages = {
                    f"the list of {count:,} flow runs": "/",
                    f"a flow run of {count:,} task runs": f"/flow-runs/{large}",
                }
                rows = [await _made(address, what, path) for what, path in pages.items()]
                if program := shutil.which("chromium"):
                    rows += await _loaded(program, address, pages)
    return rows


async def _made(address: str, what: str, path: str) -> Row:
    values: list[float] = []
    size = 0
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
        for _ in range(30):
            began = time.monotonic()
            answer = await client.get(path)
            values.append((time.monotonic() - began) * 1000)
            answer.raise_for_status()
            size = len(answer.content)
    note = f"N 30, p50 {percentile(values, 50):.0f} ms; {size / 1024:.0f} KiB"
    ms = percentile(values, 99)
    return Row(
        "http", f"{what}, made by the server, p99", ms, "ms", PAGE_SECONDS_MAX * 1000, note=note
    )


async def _loaded(program: str, address: str, pages: dict[str, str]) -> list[Row]:
    """In a headless Chromium: until the page and all that it loads are there."""
    from playwright.async_api import async_playwright

    rows: list[Row] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            for what, path in pages.items():
                values: list[float] = []
                for _ in range(10):
                    context = await browser.new_context()
                    page = await context.new_page()
                    began = time.monotonic()
                    await page.goto(f"{address}{path}", wait_until="load")
                    values.append((time.monotonic() - began) * 1000)
                    await context.close()
                note = f"N 10, each with an empty cache, p50 {percentile(values, 50):.0f} ms"
                ms = max(values)
                rows.append(
                    Row("http", f"{what}, loaded by Chromium, slowest", ms, "ms",
                        PAGE_SECONDS_MAX * 1000, note=note)
                )  # fmt: skip
        finally:
            await browser.close()
    return rows
