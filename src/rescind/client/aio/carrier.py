"""`AsyncCarrier`: carries calls out by httpx, in the event loop that asks."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TypeVar

import httpx

from rescind.client.core.calls import Call, Doing, NoReply, Reply
from rescind.client.wire import Wire, options

__all__ = ["AsyncCarrier"]

T = TypeVar("T")


class AsyncCarrier:
    """To one server; ``http`` is the user's own client, which is left open, or None."""

    def __init__(
        self, url: str, timeout_seconds: float, token: str | None, http: httpx.AsyncClient | None
    ) -> None:
        self.wire = Wire(url, timeout_seconds, token)
        self._is_own = http is None
        self._http = httpx.AsyncClient(**options(self.wire.base)) if http is None else http

    async def do(self, doing: Doing[T]) -> T:
        try:
            call = next(doing)
            while True:
                call = doing.send(await self._send(call))
        except StopIteration as end:
            found: T = end.value
            return found

    @contextlib.asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[httpx.Response]:
        """Raises `httpx.RequestError`."""
        request = self.wire.request(self._http, call, is_stream=True)
        response = await self._http.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def close(self) -> None:
        if self._is_own:
            await self._http.aclose()

    async def _send(self, call: Call) -> Reply | NoReply:
        if call.after_seconds:
            await asyncio.sleep(call.after_seconds)
        try:
            return self.wire.reply(await self._http.send(self.wire.request(self._http, call)))
        except httpx.RequestError as error:
            return self.wire.lost(error)
