"""A server that listens in this process, and clients that follow what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from rescind.server.api.means import Means
from rescind.server.listening import listen
from rescind.server.serving import Server
from tests.waiting import until

__all__ = ["Listening", "Message", "listening"]

Message = tuple[str, dict[str, Any]]


class Listening:
    """A server of this process, and whoever asks it."""

    def __init__(
        self, server: Server, means: Means, address: tuple[str, int], client: httpx.AsyncClient
    ) -> None:
        self.server = server
        self.means = means
        self.address = address
        self.client = client

    @asynccontextmanager
    async def follow(
        self, *, since: str = "", **query: str
    ) -> AsyncIterator[AsyncIterator[Message]]:
        headers = {"Last-Event-ID": since} if since else {}
        url = "/api/v1/events"
        async with self.client.stream("GET", url, params=query, headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield messages(response)

    async def metric(self, name: str) -> float:
        text = (await self.client.get("/metrics")).text
        found = {f.name: f for f in text_string_to_metric_families(text)}
        return found[name].samples[0].value


async def messages(response: httpx.Response) -> AsyncIterator[Message]:
    """The id and the data of each message; the first one has no data."""
    place, data = "", ""
    async for line in _lines(response):
        if line.startswith("id: "):
            place = line.removeprefix("id: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
        elif not line and place:
            yield place, orjson.loads(data) if data else {}
            place, data = "", ""


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """By line feeds alone: httpx would also cut at a U+0085 that somebody has named a run by."""
    left = b""
    async for chunk in response.aiter_bytes():
        *lines, left = (left + chunk).split(b"\n")
        for line in lines:
            yield line.decode().removesuffix("\r")


@asynccontextmanager
async def listening(means: Means, unread_seconds: float = 30) -> AsyncIterator[Listening]:
    """A server of this process at the port of the settings, until the end of the ``with``."""
    with listen(means.settings, unread_seconds=unread_seconds) as at:
        server = Server(means)
        serving = asyncio.create_task(server.serve(sockets=[at]))
        host, port = at.getsockname()
        await until(lambda: server.started)
        try:
            async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as client:
                yield Listening(server, means, (host, port), client)
        finally:
            server.stop()
            await serving
