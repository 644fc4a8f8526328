"""The door: signing in with a token, and out again."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from rescind.access.tokens import Scope
from rescind.server.access.asking import viewing
from rescind.server.access.gate import Gate
from rescind.server.api.problems import Kind, ProblemError
from rescind.server.web.shared.forms import Forms
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["door_routes", "inside"]

_Next = Annotated[str, Query(alias="next", max_length=2_000)]
_FORM_CHARACTERS_MAX: Final = 200


def door_routes(gate: Gate, forms: Forms) -> APIRouter:
    """The routes. Where nobody is asked who they are, they lead back to the first page."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/sign-in")
    async def show_sign_in(request: Request, wanted: _Next = "") -> Response:
        if gate.is_open:
            return RedirectResponse("/", 303)
        return _sign_in_page(gate, forms, request, wanted)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        fields = await forms.read(request)
        if gate.is_open:
            return RedirectResponse("/", 303)
        wanted = fields.get("next", "")
        try:
            token = gate.shown(fields.get("shown", "").strip()[:_FORM_CHARACTERS_MAX])
        except ProblemError as error:
            if error.kind is not Kind.UNAUTHENTICATED:
                raise
            return _sign_in_page(gate, forms, request, wanted, str(error.detail))
        if not token.may(Scope.READ):
            wrong = "Expected a token that may read, since pages show; this one may not."
            return _sign_in_page(gate, forms, request, wanted, wrong)
        response = RedirectResponse(inside(wanted), 303)
        gate.sessions.begin(token.token_id, request, response)
        return response

    @router.get("/sign-out")
    async def show_sign_out(request: Request) -> Response:
        viewing.set(gate.looking(request))
        form = forms.new(request)
        response = page("sign-out.html", token=form.token)
        form.put_on(response)
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        await forms.read(request)
        response = RedirectResponse("/sign-in", 303)
        gate.sessions.end(response)
        return response

    return router


def _sign_in_page(
    gate: Gate, forms: Forms, request: Request, wanted: str, wrong: str = ""
) -> Response:
    viewing.set(gate.looking(request))
    form = forms.new(request)
    status = 422 if wrong else 200
    response = page(
        *("sign-in.html", status),
        token=form.token,
        wanted=wanted,
        wrong=wrong,
        needs_https=form.is_secure and request.url.scheme != "https",
    )
    form.put_on(response)
    return response


def inside(wanted: str) -> str:
    """Where to go then: a page of this server, whatever a link has said."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    is_here = not parts.scheme and not parts.netloc and wanted.startswith("/")
    # A browser takes a backslash for a slash, and drops what is no character.
    is_plain = "\\" not in wanted and not wanted.startswith("//") and wanted.isprintable()
    return wanted if is_here and is_plain else "/"
