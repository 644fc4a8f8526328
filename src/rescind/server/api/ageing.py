"""`Aged`: each answer says how old the state is that it shows, where that is more than a moment.

A read model that is held up, as by a lock on its database, answers as ever, with what it had; and
while Kafka is away nobody knows what it lacks, so that its age counts from when that was known.
The header is there only then: what an answer without it shows is a moment old, as always.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Aged", "behind"]

BEHIND_HEADER: Final = "Rescind-Behind-Seconds"

# A quiet journal's end is looked at every five seconds, so that one event may look that late.
_MOMENT_SECONDS: Final = 8.0

_behind: ContextVar[int] = ContextVar("behind", default=0)


def behind() -> int:
    """How old the state is that the answer shows which is being made; 0: as good as now."""
    return _behind.get()


class Aged:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp, how_old: Callable[[], float]) -> None:
        self._app = app
        self._how_old = how_old

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = self._how_old() if scope["type"] == "http" else 0.0
        if seconds < _MOMENT_SECONDS:
            await self._app(scope, receive, send)
            return

        async def send_with_age(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[BEHIND_HEADER] = str(round(seconds))
            await send(message)

        token = _behind.set(round(seconds))
        try:
            await self._app(scope, receive, send_with_age)
        finally:
            _behind.reset(token)
