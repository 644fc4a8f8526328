"""An open loop of cancels by HTTP, in a process of its own; as `sending`, by the same clock.

By aiohttp: 200 requests a second take httpx half of the processor that the server needs as well.
"""

import asyncio
import time
from multiprocessing.connection import Connection as Pipe
from typing import Any

import aiohttp

from benchmarks.load.sending import Departures

__all__ = ["ask_by_the_clock"]


def ask_by_the_clock(address: str, plan: list[tuple[float, str]], pipe: "Pipe[Any, Any]") -> None:
    """Ask for the cancel of each flow run at its moment, in seconds after the beginning.

    Sends "ready" when connected, waits for the beginning, and sends `Departures` and the statuses
    of all answers when the last has come.
    """
    asyncio.run(_ask(address, plan, pipe))


async def _ask(address: str, plan: list[tuple[float, str]], pipe: "Pipe[Any, Any]") -> None:
    departures, statuses = Departures([], []), dict[int, int]()

    async def ask(flow_run_id: str) -> None:
        async with client.post(f"/api/v1/flow-runs/{flow_run_id}/cancel") as answer:
            await answer.read()
        statuses[answer.status] = statuses.get(answer.status, 0) + 1

    async with aiohttp.ClientSession(address) as client, asyncio.TaskGroup() as asking:
        async with client.get("/health/live") as answer:
            await answer.read()
        pipe.send("ready")
        begin = await asyncio.to_thread(pipe.recv)
        for moment, flow_run_id in plan:
            wait = begin + moment - time.monotonic()
            await asyncio.sleep(max(wait, 0))
            now = time.monotonic()
            asking.create_task(ask(flow_run_id))
            departures.sent_at.append(now)
            departures.late_ms.append((now - begin - moment) * 1000)
    pipe.send((departures, statuses))
