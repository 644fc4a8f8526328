"""What both clients need of httpx: requests made of calls, and replies of what comes back."""

import ssl
from importlib.metadata import version
from typing import Any, Final

import httpx

from rescind.client.core.address import base_of, is_this_machine, require_token, without_secrets
from rescind.client.core.calls import Call, NoReply, Reply
from rescind.client.core.following import SILENT_SECONDS_MAX

__all__ = ["Wire", "options"]

_AGENT: Final = f"rescind-client/{version('rescind')}"


class Wire:
    """Makes requests to one server, and says what came of them.

    Attributes:
        base: the address that is asked.
        where: the same as errors say it.

    """

    def __init__(self, url: str, timeout_seconds: float, token: str | None) -> None:
        self.base = base_of(url)
        self.where = without_secrets(self.base)
        self._own = [("user-agent", _AGENT)]
        if token is not None:
            self._own.append(("authorization", f"Bearer {require_token(token)}"))
        self._limit = httpx.Timeout(timeout_seconds)
        self._limit_of_a_stream = httpx.Timeout(timeout_seconds, read=SILENT_SECONDS_MAX)
        self._timeout_seconds = timeout_seconds

    def request(
        self, http: httpx.Client | httpx.AsyncClient, call: Call, *, is_stream: bool = False
    ) -> httpx.Request:
        return http.build_request(
            call.method,
            self.base + call.path,
            params=list(call.query) or None,
            headers=[*self._own, *call.headers],
            content=call.body,
            timeout=self._limit_of_a_stream if is_stream else self._limit,
        )

    def reply(self, response: httpx.Response) -> Reply:
        """Of a response that was read."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(self.where, response.status_code, headers, response.content)

    def head(self, response: httpx.Response) -> Reply:
        """Of a response that was not read yet."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(self.where, response.status_code, headers, b"")

    def lost(self, error: httpx.RequestError | None = None) -> NoReply:
        """What an error of httpx comes to; none: a stream has ended."""
        return NoReply(self.where, _why(error, self._timeout_seconds))


def options(base: str) -> dict[str, Any]:
    """For a client of httpx that is made here."""
    if not is_this_machine(base):
        return {}
    # The environment's proxy cannot reach this machine's own address.
    own: dict[str, Any] = {"trust_env": False}
    if base.startswith("http:"):
        # By default all certificates of the machine are read, which takes 40 ms, for nothing.
        own["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return own


def _why(error: httpx.RequestError | None, timeout_seconds: float) -> str:
    match error:
        case None:
            return "the stream of events has ended"
        case httpx.ConnectTimeout():
            return f"no connection came about within {timeout_seconds:g} s"
        case httpx.ConnectError():
            return f"nothing can be connected to there ({error})"
        case httpx.ReadTimeout():
            return "nothing came for too long"
        case httpx.RemoteProtocolError() | httpx.ReadError():
            return "the connection was lost before the whole answer had come"
        case _:
            return f"that failed ({type(error).__name__}: {error})"
