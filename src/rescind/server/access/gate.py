"""`Gate`: every request passes here, but those that anybody may ask.

Programs show a token with each request, and people have a session that was begun with one. A
browser sends its session by itself, a program its token never: so the API takes no sessions, and
no other site's page can use one there.
"""

import time
from collections.abc import Callable
from typing import Final

import structlog
from fastapi import Request

from rescind.access.register import Register
from rescind.access.tokens import Scope, Token
from rescind.errors import TokenRefusedError
from rescind.server.access.denials import Denials
from rescind.server.access.sessions import Sessions
from rescind.server.access.viewer import THE_API, THE_PAGES, Viewer
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["Gate", "now_ms"]

_BEARER: Final = "bearer "

_log = structlog.get_logger(__name__)


def now_ms() -> int:
    """By this machine's clock: tokens end by days, and not by what the broker says."""
    return round(time.time() * 1000)


class Gate:
    """``register`` None: nobody is asked who they are.

    ``why_incomplete`` says why tokens could not be read yet.
    """

    def __init__(
        self,
        register: Register | None,
        sessions: Sessions,
        denials: Denials,
        why_incomplete: Callable[[], str],
    ) -> None:
        self.sessions = sessions
        self._register = register
        self._denials = denials
        self._why_incomplete = why_incomplete

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return self._register is None

    def by_token(self, request: Request, scope: Scope) -> Viewer:
        """Who asks the API, if they may. Raises `ProblemError`."""
        if self._register is None:
            return Viewer(THE_API)
        said = request.headers.get("authorization", "")
        if not said:
            raise ProblemError(Kind.UNAUTHENTICATED, f"{_EXPECTED}, but there is none; {_REMEDY}")
        if said[: len(_BEARER)].lower() != _BEARER:
            detail = f"{_EXPECTED}, but the header has another scheme; {_REMEDY}"
            raise ProblemError(Kind.UNAUTHENTICATED, detail)
        return self._admit(self.shown(said[len(_BEARER) :].strip()), request, scope)

    def by_session(self, request: Request, scope: Scope) -> Viewer:
        """Who asks for a page, if they may. Raises `ProblemError`."""
        if self._register is None:
            return Viewer(THE_PAGES)
        token_id = self.sessions.token_id(request)
        if token_id is None:
            raise ProblemError(Kind.UNAUTHENTICATED, "expected somebody who has signed in")
        return self._admit(self._looked_up(token_id, is_known=True), request, scope)

    def is_welcome(self, viewer: Viewer) -> bool:
        """Whether somebody who was let in may stay: for what goes on for long."""
        if self._register is None or viewer.token is None:
            return True
        try:
            self._register.by_id(viewer.token_id, now_ms())
        except TokenRefusedError:
            return False
        return True

    def looking(self, request: Request) -> Viewer | None:
        """Who looks at a page that anybody may see; None: nobody that is known."""
        if self._register is None:
            return Viewer(THE_PAGES)
        token_id = self.sessions.token_id(request)
        try:
            return None if token_id is None else _viewer(self._looked_up(token_id, is_known=True))
        except ProblemError:
            return None

    def deny(self, viewer: Viewer, scope: Scope, request: Request) -> None:
        """Note that somebody who is known was turned away."""
        asked = f"{request.method} {request.scope['route'].path}"[:64]
        self._denials.note(viewer, scope, asked, request.path_params.get("flow_run_id"))

    def shown(self, text: str) -> Token:
        """The token that somebody shows. Raises `ProblemError` if it is none that is good."""
        return self._looked_up(text, is_known=False)

    def _looked_up(self, said: str, *, is_known: bool) -> Token:
        register = self._register
        assert register is not None
        if not register.is_complete:
            _log.info("tokens have not been read yet", why=self._why_incomplete())
            raise ProblemError(Kind.KAFKA_AWAY, _UNREAD)
        look = register.by_id if is_known else register.by_secret
        try:
            return look(said, now_ms())
        except TokenRefusedError as error:
            raise ProblemError(Kind.UNAUTHENTICATED, str(error)) from None

    def _admit(self, token: Token, request: Request, scope: Scope) -> Viewer:
        viewer = _viewer(token)
        if viewer.may(scope):
            return viewer
        self.deny(viewer, scope, request)
        has = ", ".join(token.scopes)
        detail = f"expected a token that may {scope.value!r}, but that of {token.name!r} may {has}"
        raise ProblemError(Kind.NOT_ALLOWED, detail, remedy=_OTHER_SCOPE)


def _viewer(token: Token) -> Viewer:
    return Viewer(token.actor, token)


_EXPECTED: Final = "expected a token in the header `Authorization: Bearer …`"
_UNREAD: Final = "the tokens have not been read yet; the server's log says why"
_REMEDY: Final = "`rescind tokens create` makes one"
_OTHER_SCOPE: Final = "Ask whoever gives out tokens for one with that scope."
