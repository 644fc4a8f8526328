"""`web_routes`: every page, and the files that pages load."""

import mimetypes
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from rescind.processors.shared.keys import signing_keys
from rescind.server.api.means import Means
from rescind.server.web.bulk.form import bulk_form_routes
from rescind.server.web.bulk.page import bulk_page_routes
from rescind.server.web.cancelling.flow_runs import cancel_form_routes
from rescind.server.web.cancelling.task_runs import cancel_task_routes
from rescind.server.web.door import door_routes
from rescind.server.web.lists.bulks import bulk_list_routes
from rescind.server.web.lists.letters import letter_page_routes
from rescind.server.web.lists.runners import runner_page_routes
from rescind.server.web.lists.runs import run_list_routes
from rescind.server.web.lists.stuck import stuck_routes
from rescind.server.web.live import live_routes
from rescind.server.web.run.journal import journal_routes
from rescind.server.web.run.page import run_routes
from rescind.server.web.run.tasks import task_page_routes
from rescind.server.web.shared.forms import Forms
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import SECURITY_HEADERS, STATIC

__all__ = ["web_routes"]

_FOR_EVER: Final = "public, max-age=31536000, immutable"


def web_routes(means: Means) -> APIRouter:
    """The pages, by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    forms = Forms(signing_keys(means.settings).values())

    @router.get("/static/{name:path}")
    async def send_file(name: str) -> Response:
        if (data := STATIC.get(name)) is None:
            return Response("no such file", 404, SECURITY_HEADERS, "text/plain")
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        return Response(data, 200, {**SECURITY_HEADERS, "Cache-Control": _FOR_EVER}, kind)

    for routes in (
        *(run_list_routes, run_routes, journal_routes, task_page_routes),
        *(stuck_routes, runner_page_routes, bulk_list_routes, live_routes),
    ):
        router.include_router(routes(means))
    for form_routes in (
        *(cancel_form_routes, cancel_task_routes),
        *(bulk_form_routes, bulk_page_routes, letter_page_routes),
    ):
        router.include_router(form_routes(means, forms))
    router.include_router(door_routes(means.gate, forms))
    return router
