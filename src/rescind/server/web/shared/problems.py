"""What goes wrong, as a page: the same kinds as the API's, in the same words."""

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from rescind.errors import BrokerError, CursorError, JournalError, ReadModelError
from rescind.server.access.asking import gate_of, viewing
from rescind.server.api.problems import Kind, ProblemError, explain_http, what_is_wrong
from rescind.server.api.subjects import PREFIX
from rescind.server.web.shared.rendering import page

__all__ = ["PageRoute", "no_such_page"]

_log = structlog.get_logger(__name__)


# Words of the service that say nothing to who only looks at pages.
_TITLES: Final = {
    Kind.READS_AWAY: "Nothing can be looked up now",
    Kind.KEY_USED: "This form was sent before",
}


class PageRoute(APIRoute):
    """A route whose errors a person reads."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001 - a person is told of a bug by a page, too
                problem = _problem_of(error)
                if problem.kind is Kind.UNAUTHENTICATED:
                    return _to_the_door(request)
                if problem.kind is Kind.BUG:
                    _log.error("a page was not made", path=request.url.path, exc_info=error)
                return _problem_page(
                    problem,
                    request.path_params.get("flow_run_id"),
                    request.path_params.get("bulk_id"),
                )

        return answer


def _to_the_door(request: Request) -> Response:
    """Sign in first, and then see what was asked for."""
    if request.headers.get("hx-request") == "true":
        # A part of a page, whose session has ended meanwhile: the page is loaded anew.
        return Response(None, 401, {"HX-Refresh": "true"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = urlencode({"next": wanted}) if request.method == "GET" and wanted != "/" else ""
    return RedirectResponse(f"/sign-in?{query}".rstrip("?"), 303)


async def no_such_page(request: Request, error: Exception) -> Response:
    """For a 404 of any path: a person who mistypes the address of a page is told by a page."""
    assert isinstance(error, HTTPException)
    if isinstance(error, ProblemError):
        return error.response()
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.url.path.startswith(f"{PREFIX}/"):
        return await explain_http(request, error)
    viewing.set(gate_of(request).looking(request))
    detail = "This address leads to nothing here; the list of flow runs leads on."
    return _page(404, title="There is no such page", detail=detail)


def _problem_of(error: Exception) -> ProblemError:
    """The kind of problem that an error is."""
    match error:
        case ProblemError(kind=Kind.KEY_USED):
            # Its key is in the form, where nobody who fills it in sees one.
            detail = (
                "it was sent with something else in it, and what that asked for holds; "
                "open the form anew to ask for this as well"
            )
            return ProblemError(Kind.KEY_USED, detail)
        case ProblemError():
            return error
        case CursorError():
            detail = "the page that was asked for is none of this list; begin at the first"
            return ProblemError(Kind.CURSOR, detail)
        case ReadModelError() | JournalError():
            # Where the database is and how it is called is for whoever runs it, and in the log.
            _log.warning("a page was not made", error=str(error))
            detail = "what this server knows of runs cannot be looked up at the moment"
            return ProblemError(Kind.READS_AWAY, detail)
        case BrokerError():
            return ProblemError(Kind.KAFKA_AWAY, str(error))
        case RequestValidationError():
            wrong = [f"{one['loc'][-1]}: {what_is_wrong(one)}" for one in error.errors()[:3]]
            return ProblemError(Kind.INVALID, "; ".join(wrong)[:1_000])
        case _:
            detail = "the server's log says where; a request may have had its effect all the same"
            return ProblemError(Kind.BUG, detail)


def _problem_page(
    problem: ProblemError, flow_run_id: str | None = None, bulk_id: str | None = None
) -> Response:
    """A page that says what is wrong, and what can be done all the same."""
    response = _page(
        problem.kind.status,
        kind=problem.kind.name,
        title=_TITLES.get(problem.kind, problem.kind.title),
        detail=problem.detail,
        remedy=problem.more.get("remedy"),
        state=problem.more.get("state"),
        flow_run_id=flow_run_id,
        bulk_id=bulk_id,
    )
    if problem.kind.status == 503:
        response.headers["Retry-After"] = "2"
    return response


def _page(status: int, **words: str | None) -> Response:
    """The template has no word by default, so that none is forgotten."""
    every = dict.fromkeys(("kind", "title", "detail", "remedy", "state"))
    every |= dict.fromkeys(("flow_run_id", "bulk_id"))
    return page("problem.html", status, **{**every, **words})
