"""What goes wrong, as a page: the same kinds as the API's, in the same words."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from rescind.errors import BrokerError, CursorError, JournalError, ReadModelError
from rescind.server.api.problems import Kind, ProblemError
from rescind.server.web.rendering import page

__all__ = ["PageRoute", "problem_of", "problem_page"]

_log = structlog.get_logger(__name__)


class PageRoute(APIRoute):
    """A route whose errors a person reads."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001 - a person is told of a bug by a page, too
                problem = problem_of(error)
                if problem.kind is Kind.BUG:
                    _log.error("a page was not made", path=request.url.path, exc_info=error)
                return problem_page(problem, request.path_params.get("flow_run_id"))

        return answer


def problem_of(error: Exception) -> ProblemError:
    """The kind of problem that an error is."""
    match error:
        case ProblemError():
            return error
        case CursorError():
            detail = "the page that was asked for is none of this list; begin at the first"
            return ProblemError(Kind.CURSOR, detail)
        case ReadModelError() | JournalError():
            return ProblemError(Kind.READS_AWAY, str(error))
        case BrokerError():
            return ProblemError(Kind.KAFKA_AWAY, str(error))
        case RequestValidationError():
            wrong = [f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()[:3]]
            return ProblemError(Kind.INVALID, "; ".join(wrong)[:1_000])
        case _:
            detail = "the server's log says where; a request may have had its effect all the same"
            return ProblemError(Kind.BUG, detail)


def problem_page(problem: ProblemError, flow_run_id: str | None = None) -> Response:
    """A page that says what is wrong, and what can be done all the same."""
    response = page(
        "problem.html",
        problem.kind.status,
        kind=problem.kind.name,
        title=problem.kind.title,
        detail=problem.detail,
        remedy=problem.more.get("remedy"),
        state=problem.more.get("state"),
        flow_run_id=flow_run_id,
    )
    if problem.kind.status == 503:
        response.headers["Retry-After"] = "2"
    return response
