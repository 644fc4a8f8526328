"""`Meters`: what the server tells Prometheus, and `Measured`, which counts each request."""

import time
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rescind.server.api.subjects import PREFIX
from rescind.server.readmodel.standing import PartitionLag

__all__ = ["Measured", "Meters", "method_of", "route_of"]

# From a read of one row to a cancel whose answer is waited for.
_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meters:
    """The meters of one server; `registry` is what is shown."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "rescind_http_requests",
            "Requests, by route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "rescind_http_request_seconds",
            "From a request to the beginning of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._cancels = Counter(
            "rescind_http_cancels",
            "Cancels that were answered, by what came of them.",
            ["outcome"],
            registry=registry,
        )
        self._streams = Gauge(
            "rescind_http_event_streams", "Clients that follow events.", registry=registry
        )
        self._lag_offsets = Gauge(
            "rescind_read_model_lag_offsets",
            "How many offsets of the journal the read model has not read.",
            ["partition"],
            registry=registry,
        )
        self._lag_seconds = Gauge(
            "rescind_read_model_lag_seconds",
            "How old what the read model shows is; 0 when it shows everything.",
            ["partition"],
            registry=registry,
        )

    def cancelled(self, outcome: str) -> None:
        """A cancel was answered, by the API or by a page."""
        self._cancels.labels(outcome).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def look_at(self, lag: Mapping[int, PartitionLag], streams: int) -> None:
        """Set what is not counted but looked at."""
        self._streams.set(streams)
        for gauge in (self._lag_offsets, self._lag_seconds):
            # What nobody knows is not shown as what it was.
            gauge.clear()
        for number, one in lag.items():
            self._lag_offsets.labels(str(number)).set(one.offsets)
            self._lag_seconds.labels(str(number)).set(one.seconds)


class Measured:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        is_answered = False

        def count(status: int) -> None:
            nonlocal is_answered
            is_answered = True
            # Never the path itself: there would be a series for each that anybody asks for.
            name = route_of(scope) or "none"
            self._meters.answered(method_of(scope), name, status, time.monotonic() - began)

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_count)
        except Exception:
            # A bug is answered outside of all that the app was given, and so of this.
            if not is_answered:
                count(500)
            raise


def route_of(scope: Scope) -> str | None:
    """Which route answers, as it is written, without ids; None: none.

    A page and an operation may differ in nothing but the prefix, which not every release of FastAPI
    has in the path of a route.
    """
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return None
    is_below = str(scope["path"]).startswith(f"{PREFIX}/")
    return f"{PREFIX}{str(path).removeprefix(PREFIX)}" if is_below else str(path)


def method_of(scope: Scope) -> str:
    """The method of a request, if it is one of those that there are."""
    method = str(scope["method"])
    return method if method in {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"} else "other"
