"""`Webhook`: an event as a signed POST.

Any answer of 2xx means that it was taken, as soon as the status is there: nothing of its body is
read, and a connection that ends in the middle of one changes nothing. Everything else is a
failure, redirects included: whoever answers with one must not choose where events go.
"""

import asyncio
import logging
import ssl
import time
from importlib.metadata import version
from typing import Final

import httpx

from rescind.events.hooks import HookEvent
from rescind.processors.hooking.signature import signed_headers
from rescind.processors.hooking.tries import Try, retry_after
from rescind.settings.hooks import Hook, secret_bytes
from rescind.tracing.messaging import to_carry

__all__ = ["Webhook"]

# They say each address in full, which may be a secret.
for _talkative in ("httpx", "httpcore"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

_GONE: Final = 410
_QUOTED_BYTES_MAX: Final = 500
_HEADERS: Final = {
    "content-type": "application/json",
    "user-agent": f"rescind/{version('rescind')}",
}


class Webhook:
    """A receiver of webhooks. ``keys`` go before the hook's own secrets, for a test."""

    def __init__(self, hook: Hook, keys: tuple[bytes, ...] | None = None) -> None:
        assert hook.url is not None
        self._url = hook.url.get_secret_value()
        self._keys = keys or tuple(secret_bytes(secret) or b"" for secret in hook.secrets)
        self._timeout_seconds = hook.timeout_seconds
        # The one bound on a try is around all of it: a receiver may send a byte now and then.
        self._client = httpx.AsyncClient(
            timeout=None,  # noqa: S113 - see above
            follow_redirects=False,
            # Neither proxies nor passwords of the environment: where events go, settings say.
            trust_env=False,
            # The machine's own authorities, as for Kafka; httpx would bring others along.
            verify=ssl.create_default_context(),
        )

    async def tell(self, event: HookEvent) -> Try:
        body = event.to_json()
        signed = signed_headers(event.id, int(time.time()), body, self._keys)
        if (traceparent := to_carry()) is not None:
            signed["traceparent"] = traceparent
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(body, {**_HEADERS, **signed})
        except TimeoutError:
            return Try(f"no answer within {self._timeout_seconds:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Try(f"{type(error).__name__}: {error}".rstrip(": "))

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, body: bytes, headers: dict[str, str]) -> Try:
        async with self._client.stream(
            "POST", self._url, content=body, headers=headers
        ) as response:
            status = response.status_code
            if response.is_success:
                return Try(status=status)
            quoted = await _beginning(response)
            why = f"answered {status} {response.reason_phrase}".rstrip()
            return Try(
                f"{why}: {quoted}" if quoted else why,
                is_final=status == _GONE,
                after_seconds=retry_after(response.headers.get("retry-after"), time.time()),
                status=status,
            )


async def _beginning(response: httpx.Response) -> str:
    """What a person who looks for the reason would read first."""
    found = b""
    try:
        async for part in response.aiter_raw(_QUOTED_BYTES_MAX):
            found += part
            if len(found) >= _QUOTED_BYTES_MAX:
                break
    except httpx.HTTPError:
        pass
    text = found[:_QUOTED_BYTES_MAX].decode(errors="replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
