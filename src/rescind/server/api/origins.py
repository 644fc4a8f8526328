"""`OwnOrigin`: no page of another site makes a browser ask here.

Where nobody is asked who they are, the server listens on this machine alone. A page that somebody
looks at there could then cancel their runs: by a form that it sends, or under a name of its own
that it lets point to this machine. Programs say neither. Where tokens are asked for, no session is
known under the other name, and the server may have any name itself.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rescind.server.api.problems import Kind, ProblemError
from rescind.server.listening import is_loopback

__all__ = ["OwnOrigin"]


class OwnOrigin:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp, *, is_open: bool) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (why := self._objection(Headers(scope=scope))):
            await ProblemError(Kind.NOT_ALLOWED, why).response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _objection(self, headers: Headers) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._is_open and not is_loopback(_name_in(f"//{host}")):
            return "expected a request to this machine's own address, but it names another host"
        if origin is not None and origin.partition("://")[2] != host:
            return "expected no page of another site, but the browser says that one asks"
        return ""


def _name_in(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
