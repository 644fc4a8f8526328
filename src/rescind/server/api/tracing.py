"""`Traced`: each request to the API is a span, below the one of whoever asks if they name it.

It ends with the beginning of the answer, as what is measured does: whoever follows events does so
for hours. Looks at the health of the server, and at its metrics, are no spans.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rescind.server.api.measuring import method_of, route_of
from rescind.tracing.messaging import carried
from rescind.tracing.spans import Span, span

__all__ = ["Traced"]

_UNTRACED: Final = ("/health/", "/metrics", "/static/")


class Traced:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or str(scope["path"]).startswith(_UNTRACED):
            await self._app(scope, receive, send)
            return
        above = Headers(scope=scope).get("traceparent")
        said = {"http.request.method": method_of(scope)}
        with carried(above), span(method_of(scope), "server", said, above) as made:
            if made is None:
                await self._app(scope, receive, send)
            else:
                await self._traced(made, scope, receive, send)

    async def _traced(self, made: Span, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_say(message: Message) -> None:
            if message["type"] == "http.response.start":
                _say(made, scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_and_say)


def _say(made: Span, scope: Scope, status: int) -> None:
    said: dict[str, str | int] = {"http.response.status_code": status}
    if (route := route_of(scope)) is not None:
        made.name(f"{method_of(scope)} {route}")
        said["http.route"] = route
    for name in ("flow_run_id", "task_run_id", "bulk_id"):
        if (value := scope.get("path_params", {}).get(name)) is not None:
            said[f"rescind.{name}"] = str(value)
    made.say(said)
    made.end(str(status) if status >= 500 else "")
