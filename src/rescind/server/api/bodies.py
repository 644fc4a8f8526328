"""`BoundedBody`: no request may have more of a body than this, and no more is ever read of it.

What says that it is too large is refused unread. What does not say how large it is (chunked) is
read as far as the bound, by whoever reads it at all.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rescind.server.api.problems import Kind, ProblemError

__all__ = ["BODY_BYTES_MAX", "BoundedBody"]

BODY_BYTES_MAX: Final = 32 << 10
"""A reason of 2,000 characters, each written as two escapes of six bytes, and room for the rest."""


class BoundedBody:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = ProblemError(
            Kind.TOO_LARGE, f"expected a body of at most {self._bytes_max} bytes, but it has more"
        )
        if _said_bytes(scope) > self._bytes_max:
            await too_large.response({"Connection": "close"})(scope, receive, send)
            return
        read = 0

        async def receive_some() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._bytes_max:
                raise too_large
            return message

        await self._app(scope, receive_some, send)


def _said_bytes(scope: Scope) -> int:
    """What the request says that its body has; 0 if it does not say."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
