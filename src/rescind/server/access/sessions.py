"""Sessions: who has signed in at a page stays so for a working day, or until the token ends.

The cookie names the token and is signed with the service's keys, so every server knows it and none
keeps anything. It holds no secret, and is good for as long as the token is: whoever revokes the
token ends the sessions that were begun with it.
"""

import secrets
from collections.abc import Iterable
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from rescind.server.listening import is_loopback

__all__ = ["Sessions", "is_secure", "session_cookie"]

_COOKIE: Final = "rescind_session"
_SECONDS_MAX: Final = 12 * 3600


class Sessions:
    """Begins, reads and ends sessions. Any of the keys will do, so that keys can be changed."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        # The last one signs there, and the first one here.
        self._serializer = URLSafeTimedSerializer(list(keys)[::-1], salt="rescind session")

    def begin(self, token_id: str, request: Request, response: Response) -> None:
        """Put a new one on the response."""
        value = self._serializer.dumps([token_id, secrets.token_urlsafe(9)])
        response.set_cookie(
            _COOKIE,
            str(value),
            max_age=_SECONDS_MAX,
            path="/",
            httponly=True,
            # Not strict: a link in a message leads to the run, and not to the door. What changes
            # anything is a form with a token of its own.
            samesite="lax",
            secure=is_secure(request),
        )

    def end(self, response: Response) -> None:
        response.delete_cookie(_COOKIE, path="/", httponly=True, samesite="lax")

    def token_id(self, request: Request) -> str | None:
        """Of the token that it was begun with; None: there is no session, or it is over."""
        try:
            said = self._serializer.loads(session_cookie(request), max_age=_SECONDS_MAX)
        except BadSignature:
            return None
        return str(said[0])


def is_secure(request: Request) -> bool:
    """Whether a browser is to send cookies by HTTPS alone: wherever others could read them.

    What the request itself came by says little: a proxy may have spoken TLS to the browser.
    """
    return request.url.scheme == "https" or not is_loopback(request.url.hostname or "")


def session_cookie(request: Request) -> str:
    """What a browser sends of its session; empty: nothing."""
    return request.cookies.get(_COOKIE, "")
