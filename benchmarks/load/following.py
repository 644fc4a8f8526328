"""Many clients that follow every event over HTTP, in a process of their own."""

import asyncio
import contextlib
import re
import time
from multiprocessing.connection import Connection as Pipe
from typing import Any

__all__ = ["Arrivals", "follow"]

Arrivals = dict[str, list[float]]
"""When each client has seen that a flow run is being cancelled, by the monotonic clock."""

_FLOW = re.compile(rb'"flow_run_id":"([^"]+)"')


def follow(host: str, port: int, clients: int, count: int, pipe: "Pipe[Any, Any]") -> None:
    """Sends "ready" when all of them follow, waits for a number, and sends `Arrivals`.

    It sends them as soon as each client has seen ``count`` flow runs, and at the latest so many
    seconds after the number has come.
    """
    asyncio.run(_follow(host, port, clients, count, pipe))


async def _follow(host: str, port: int, clients: int, count: int, pipe: "Pipe[Any, Any]") -> None:
    arrivals: Arrivals = {}
    begun, complete = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
        begun.release()
        seen = set[str]()
        while line := await reader.readline():
            if b'"flow.cancelling.v1"' in line:
                now = time.monotonic()
                found = _FLOW.search(line)
                assert found is not None, line
                flow_run_id = found[1].decode()
                arrivals.setdefault(flow_run_id, []).append(now)
                is_news = flow_run_id not in seen
                seen.add(flow_run_id)
                if is_news and len(seen) == count:
                    complete.release()

    following = [asyncio.create_task(one()) for _ in range(clients)]
    for _ in range(clients):
        await begun.acquire()
    pipe.send("ready")
    patience_seconds = await asyncio.to_thread(pipe.recv)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_seconds):
            for _ in range(clients):
                await complete.acquire()
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    pipe.send(arrivals)
