"""`EventStream`: the journal as it comes, through restarts of the server."""

import time
from collections.abc import Generator
from types import TracebackType
from typing import Self

import httpx

from rescind.client.answers import FollowedEvent
from rescind.client.blocking.carrier import Carrier
from rescind.client.core.calls import NoReply, Reply
from rescind.client.core.following import Follower

__all__ = ["EventStream"]


class EventStream:
    """Iterate over what comes; it has no end of its own. A context manager, which ends it.

    Entered, it is connected: what happens from then on comes, whenever it is read.
    """

    def __init__(self, carrier: Carrier, follower: Follower) -> None:
        self._carrier = carrier
        self._follower = follower
        self._coming = self._follow()
        self._first: FollowedEvent | None = None

    @property
    def last_event_id(self) -> str | None:
        """Where it has got to; following ``after`` it goes on there."""
        return self._follower.place

    def __enter__(self) -> Self:
        self._first = next(self._coming)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> FollowedEvent:
        event, self._first = self._first, None
        while event is None:
            event = next(self._coming)
        return event

    def close(self) -> None:
        """End it; it may be called more than once."""
        self._coming.close()

    def _follow(self) -> Generator[FollowedEvent | None]:
        while True:
            reply: Reply | NoReply = self._carrier.wire.lost()
            try:
                with self._carrier.stream(self._follower.call()) as response:
                    if self._follower.is_stream(self._carrier.wire.head(response)):
                        for chunk in response.iter_bytes():
                            yield from self._follower.feed(self._carrier.wire.where, chunk)
                    else:
                        response.read()
                        reply = self._carrier.wire.reply(response)
            except httpx.RequestError as error:
                reply = self._carrier.wire.lost(error)
            time.sleep(self._follower.failed(reply))
