"""`OwnOrigin`: no page of another site makes a browser ask here, as long as nobody signs in.

The server listens on this machine alone and asks nobody who they are. A page that somebody here
looks at could then cancel their runs: by a form that it sends, or under a name of its own that it
lets point to this machine. Programs say neither.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rescind.server.api.problems import Kind, ProblemError
from rescind.server.listening import is_loopback

__all__ = ["OwnOrigin"]


class OwnOrigin:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (why := _objection(Headers(scope=scope))):
            await ProblemError(Kind.NOT_ALLOWED, why).response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _objection(headers: Headers) -> str:
    host, origin = headers.get("host", ""), headers.get("origin")
    if not is_loopback(_name_in(f"//{host}")):
        return "expected a request to this machine's own address, but it names another host"
    if origin is not None and origin.partition("://")[2] != host:
        return "expected no page of another site, but the browser says that one asks"
    return ""


def _name_in(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
