"""Many clients that follow every event over HTTP, in a process of their own."""

import asyncio
import re
import time
from multiprocessing.connection import Connection as Pipe
from typing import Any

__all__ = ["Arrivals", "follow"]

Arrivals = dict[str, list[float]]
"""When each client has seen that a flow run is being cancelled, by the monotonic clock."""

_FLOW = re.compile(rb'"flow_run_id":"([^"]+)"')


def follow(host: str, port: int, clients: int, pipe: "Pipe[Any, Any]") -> None:
    """Sends "ready" when all of them follow, waits for a word, and sends `Arrivals`."""
    asyncio.run(_follow(host, port, clients, pipe))


async def _follow(host: str, port: int, clients: int, pipe: "Pipe[Any, Any]") -> None:
    arrivals: Arrivals = {}
    begun = asyncio.Semaphore(0)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
        begun.release()
        while line := await reader.readline():
            if b'"flow.cancelling.v1"' in line:
                now = time.monotonic()
                found = _FLOW.search(line)
                assert found is not None, line
                arrivals.setdefault(found[1].decode(), []).append(now)

    following = [asyncio.create_task(one()) for _ in range(clients)]
    for _ in range(clients):
        await begun.acquire()
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    pipe.send(arrivals)
