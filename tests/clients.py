"""Both clients of the HTTP API behind one face, so that one test is held by each of them."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from rescind.client import AsyncClient, AsyncEventStream, Client, EventStream, FollowedEvent

__all__ = ["KINDS", "Asker", "Stream", "asker"]

KINDS: Final = ("blocking", "asyncio")


class Stream:
    """Somebody who follows."""

    def __init__(self, stream: EventStream | AsyncEventStream) -> None:
        self.stream = stream

    async def event(self) -> FollowedEvent:
        if isinstance(self.stream, EventStream):
            return await asyncio.to_thread(next, self.stream)
        return await anext(self.stream)


class Asker:
    """One client, whichever it is. The blocking one asks in a thread."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self.client = client

    async def do(self, use: Callable[[Any], Any]) -> Any:
        """What a method returns."""
        if isinstance(self.client, Client):
            return await asyncio.to_thread(use, self.client)
        found = use(self.client)
        return await found if inspect.isawaitable(found) else found

    async def rows(self, use: Callable[[Any], Any]) -> list[Any]:
        """All that a method lists."""
        if isinstance(self.client, Client):
            return await asyncio.to_thread(lambda: list(use(self.client)))
        return [row async for row in use(self.client)]

    @asynccontextmanager
    async def follow(self, flow_run_id: str | None = None, **more: Any) -> AsyncIterator[Stream]:
        stream = self.client.follow_events(flow_run_id, **more)
        if isinstance(stream, EventStream):
            await asyncio.to_thread(stream.__enter__)
            try:
                yield Stream(stream)
            finally:
                await asyncio.to_thread(stream.close)
        else:
            async with stream:
                yield Stream(stream)


@asynccontextmanager
async def asker(kind: str, url: str, **more: Any) -> AsyncIterator[Asker]:
    """A client of this kind for this server."""
    if kind == "blocking":
        with Client(url, **more) as client:
            yield Asker(client)
    else:
        async with AsyncClient(url, **more) as client:
            yield Asker(client)
