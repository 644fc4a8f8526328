"""`Viewer`: whoever asks, as far as the server is concerned: who, what they may, and where."""

from collections.abc import Collection
from typing import Final, NamedTuple

from rescind.access.tokens import Scope, Token
from rescind.events.words import Actor

__all__ = ["THE_API", "THE_PAGES", "Viewer"]

THE_API: Final = Actor(kind="service", id="http-api")
THE_PAGES: Final = Actor(kind="service", id="web-ui")
"""Who is taken to ask where nobody has to say who they are."""


class Viewer(NamedTuple):
    """``token`` is None where nobody is asked for one: then everything may be done.

    The request is signed with the service's key, so the actor is attested: it is never what a
    caller says of itself.
    """

    actor: Actor
    token: Token | None = None

    @property
    def is_known(self) -> bool:
        """Whether they have shown who they are."""
        return self.token is not None

    @property
    def token_id(self) -> str:
        """Empty where nobody is asked for a token."""
        return "" if self.token is None else self.token.token_id

    @property
    def namespaces(self) -> tuple[str, ...] | None:
        """Where they may look and cancel; None: everywhere."""
        return None if self.token is None else self.token.namespaces

    def may(self, scope: Scope) -> bool:
        return self.token is None or self.token.may(scope)

    @property
    def may_cancel(self) -> bool:
        return self.may(Scope.CANCEL)

    @property
    def may_administer(self) -> bool:
        return self.may(Scope.ADMIN)

    def sees(self, namespace: str) -> bool:
        return self.namespaces is None or namespace in self.namespaces

    def sees_all(self, namespaces: Collection[str]) -> bool:
        """``namespaces``: what is meant, as a bulk cancellation says it; none: every one."""
        return self.namespaces is None or (bool(namespaces) and all(map(self.sees, namespaces)))
