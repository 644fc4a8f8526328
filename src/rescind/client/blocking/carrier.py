"""`Carrier`: carries calls out by httpx, in the thread that asks."""

import contextlib
import time
from collections.abc import Generator
from typing import TypeVar

import httpx

from rescind.client.core.calls import Call, Doing, NoReply, Reply
from rescind.client.wire import Wire, options

__all__ = ["Carrier"]

T = TypeVar("T")


class Carrier:
    """To one server; ``http`` is the user's own client, which is left open, or None."""

    def __init__(
        self, url: str, timeout_seconds: float, token: str | None, http: httpx.Client | None
    ) -> None:
        self.wire = Wire(url, timeout_seconds, token)
        self._is_own = http is None
        self._http = httpx.Client(**options(self.wire.base)) if http is None else http

    def do(self, doing: Doing[T]) -> T:
        try:
            call = next(doing)
            while True:
                call = doing.send(self._send(call))
        except StopIteration as end:
            found: T = end.value
            return found

    @contextlib.contextmanager
    def stream(self, call: Call) -> Generator[httpx.Response]:
        """Raises `httpx.RequestError`."""
        request = self.wire.request(self._http, call, is_stream=True)
        response = self._http.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()

    def close(self) -> None:
        if self._is_own:
            self._http.close()

    def _send(self, call: Call) -> Reply | NoReply:
        if call.after_seconds:
            time.sleep(call.after_seconds)
        try:
            return self.wire.reply(self._http.send(self.wire.request(self._http, call)))
        except httpx.RequestError as error:
            return self.wire.lost(error)
