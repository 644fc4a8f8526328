"""A token: what somebody shows who asks over HTTP, and what the service keeps of it.

It reads ``rscd_<id>_<secret>``. The id is no secret: lists and logs name a token by it. Of the
secret only a SHA-256 is kept. That is enough here, and a slow hash would be no better: the secret
is 256 bits of chance, so nobody can go through all of them, and each request is checked anew.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rescind.events.words import Actor, Moment, Name

__all__ = ["NAMESPACES_MAX", "Scope", "Shown", "Token", "mint", "read_token"]

NAMESPACES_MAX: Final = 100

_ID_CHARACTERS: Final = 12
_SECRET_BYTES: Final = 32
# Of the alphabet of base64 for URLs, in which 32 bytes are 43 characters.
_FORM: Final = re.compile(r"rscd_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a token is good for. None includes another, but ``admin`` all of them."""

    READ = "read"
    """To see runs, runners and the journal."""
    CANCEL = "cancel"
    """To cancel flow runs and task runs, one by one and in bulk."""
    ADMIN = "admin"
    """Everything."""


class Token(BaseModel):
    """What the service knows of a token; its secret is not among it."""

    # An older server meets the record of a newer one: what it does not know may narrow a token.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    type: Literal["token.v1"] = "token.v1"
    token_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """Who asks by it, as the journal has it."""
    kind: Literal["user", "service"] = "user"
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the secret: SHA-256, in hex."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, strict=False)]
    namespaces: (
        Annotated[tuple[Name, ...], Field(min_length=1, max_length=NAMESPACES_MAX)] | None
    ) = None
    """Where it is good; none: everywhere."""
    created_at: Moment
    expires_at: Moment | None = None
    revoked_at: Moment | None = None

    @property
    def actor(self) -> Actor:
        """Who asks by it."""
        return Actor(kind=self.kind, id=self.name)

    def may(self, scope: Scope) -> bool:
        """Whether it is good for this."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def fits(self, secret: str) -> bool:
        """Whether this is its secret; the time that takes says nothing of either."""
        return hmac.compare_digest(_digest(secret), self.digest)

    def is_live(self, now_ms: int) -> bool:
        """Whether it is good at that time."""
        return self.revoked_at is None and (self.expires_at is None or now_ms < self.expires_at)


class Shown(NamedTuple):
    """A token as it is shown by whoever has it."""

    token_id: str
    secret: str

    def __str__(self) -> str:
        return f"rscd_{self.token_id}_{self.secret}"


def read_token(text: str) -> Shown | None:
    """What is shown; None: it has not the form of a token."""
    found = _FORM.fullmatch(text)
    return None if found is None else Shown(found[1], found[2])


def mint(
    name: str,
    scopes: Collection[Scope],
    *,
    now_ms: int,
    kind: Literal["user", "service"] = "user",
    namespaces: Sequence[str] | None = None,
    expires_ms: int | None = None,
) -> tuple[Token, Shown]:
    """A new token: what is to be kept, and what is told once and then known to nobody else.

    Raises pydantic's `ValidationError`, a `ValueError`, for a name or a namespace that is none.
    """
    shown = Shown(secrets.token_hex(_ID_CHARACTERS // 2), secrets.token_urlsafe(_SECRET_BYTES))
    token = Token(
        token_id=shown.token_id,
        name=name,
        kind=kind,
        digest=_digest(shown.secret),
        scopes=tuple(sorted(set(scopes))),
        namespaces=None if namespaces is None else tuple(namespaces),
        created_at=now_ms,
        expires_at=expires_ms,
    )
    return token, shown


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
