"""Forms that only a page of this server can send.

A page sets a cookie that a browser sends with no request from another site, and its form has a
token that is made of that cookie, and of the session, with a key of the server's. So whoever could
make a browser send a form would need to read a page of ours first. `OwnOrigin` stands before this,
and this does not count on it.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import Response

from rescind.server.access.sessions import is_secure, session_cookie
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["Form", "Forms", "key_in", "new_key", "number_in"]

_COOKIE: Final = "rescind_form"
_FIELDS_MAX: Final = 16
_PURPOSE: Final = b"rescind form "


class Form(NamedTuple):
    """What a page needs for a form: the token, and the cookie that it goes with."""

    token: str
    cookie: str
    is_secure: bool

    def put_on(self, response: Response) -> None:
        response.set_cookie(
            *(_COOKIE, self.cookie), path="/", secure=self.is_secure, httponly=True,
            samesite="strict",
        )  # fmt: skip


class Forms:
    """Makes and checks tokens. Any of the keys will do, so that keys can be changed."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = tuple(keys)

    def new(self, request: Request) -> Form:
        """One for the cookie that the browser has already, so that other pages stay good."""
        cookie = request.cookies.get(_COOKIE, "")
        if len(cookie) != 43:
            cookie = secrets.token_urlsafe(32)
        token = _token(self._keys[0], cookie, session_cookie(request))
        return Form(token, cookie, is_secure(request))

    async def read(self, request: Request) -> dict[str, str]:
        """The fields of a form of ours. Raises `ProblemError` if it is none."""
        body = await request.body()
        try:
            sent = dict(
                parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
            )
        except ValueError:
            raise ProblemError(Kind.UNREADABLE, "expected a form, but got something else") from None
        cookie, token = request.cookies.get(_COOKIE, ""), sent.pop("token", "")
        said = token.encode()
        session = session_cookie(request)
        known = [_token(key, cookie, session).encode() for key in self._keys] if cookie else []
        if not any(hmac.compare_digest(one, said) for one in known):
            detail = "expected a form of a page of this server; open the page again and send it"
            raise ProblemError(Kind.NOT_ALLOWED, detail)
        return sent


def new_key() -> str:
    """Of a form that is made: sent twice, by a double click or a reload, it asks once."""
    return f"web-{secrets.token_urlsafe(16)}"


def key_in(fields: Mapping[str, str]) -> str:
    """The form's own key. Raises `ProblemError` if it is none of ours."""
    key = fields.get("key", "")
    if not (key.startswith("web-") and len(key) <= 64 and key.isascii() and key.isprintable()):
        raise ProblemError(Kind.INVALID, "expected the form as this server has made it")
    return key.replace(" ", "")


def number_in(fields: Mapping[str, str], name: str, what: str) -> float | None:
    """A number, if there is one. Raises `ValueError`: it is something else."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"expected a number of {what}") from None


def _token(key: bytes, cookie: str, session: str) -> str:
    # Of this session: a form that somebody else had open here before is no good any more.
    return hmac.digest(key, _PURPOSE + f"{cookie} {session}".encode(), "sha256").hex()
