"""`AsyncEventStream`: the journal as it comes, through restarts of the server."""

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import httpx

from rescind.client.aio.carrier import AsyncCarrier
from rescind.client.answers import FollowedEvent
from rescind.client.core.calls import NoReply, Reply
from rescind.client.core.following import Follower

__all__ = ["AsyncEventStream"]


class AsyncEventStream:
    """Iterate over what comes; it has no end of its own. A context manager, which ends it.

    Entered, it is connected: what happens from then on comes, whenever it is read.
    """

    def __init__(self, carrier: AsyncCarrier, follower: Follower) -> None:
        self._carrier = carrier
        self._follower = follower
        self._coming = self._follow()
        self._first: FollowedEvent | None = None

    @property
    def last_event_id(self) -> str | None:
        """Where it has got to; following ``after`` it goes on there."""
        return self._follower.place

    async def __aenter__(self) -> Self:
        self._first = await anext(self._coming)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FollowedEvent:
        event, self._first = self._first, None
        while event is None:
            event = await anext(self._coming)
        return event

    async def close(self) -> None:
        """End it; it may be called more than once."""
        await self._coming.aclose()

    async def _follow(self) -> AsyncGenerator[FollowedEvent | None]:
        while True:
            reply: Reply | NoReply = self._carrier.wire.lost()
            try:
                async with self._carrier.stream(self._follower.call()) as response:
                    if self._follower.is_stream(self._carrier.wire.head(response)):
                        async for chunk in response.aiter_bytes():
                            for event in self._follower.feed(self._carrier.wire.where, chunk):
                                yield event
                    else:
                        await response.aread()
                        reply = self._carrier.wire.reply(response)
            except httpx.RequestError as error:
                reply = self._carrier.wire.lost(error)
            await asyncio.sleep(self._follower.failed(reply))
