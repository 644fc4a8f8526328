"""`make_app`: the API as an ASGI app, from the means that it works by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig

import rescind
from rescind.server.api.ageing import Aged
from rescind.server.api.bodies import BoundedBody
from rescind.server.api.bulks.routes import bulk_routes
from rescind.server.api.cancels.routes import cancel_routes
from rescind.server.api.letters.routes import letter_routes
from rescind.server.api.live.events import event_routes
from rescind.server.api.live.health import health_routes
from rescind.server.api.means import Means
from rescind.server.api.measuring import Measured
from rescind.server.api.origins import OwnOrigin
from rescind.server.api.problems import Problem, explain
from rescind.server.api.reads.cancellations import cancellation_routes
from rescind.server.api.reads.flow_runs import flow_run_routes
from rescind.server.api.reads.runners import runner_routes
from rescind.server.api.reads.task_runs import task_run_routes
from rescind.server.api.subjects import PREFIX
from rescind.server.api.tracing import Traced
from rescind.server.web.routes import web_routes
from rescind.server.web.shared.problems import no_such_page

__all__ = ["make_app"]

_DESCRIPTION: Final = "Cancel work that is already running, and see what became of it."

_ROUTES: Final = (
    *(cancel_routes, flow_run_routes, task_run_routes, cancellation_routes, event_routes),
    *(bulk_routes, letter_routes, runner_routes),
)

# FastAPI's own would double each span of `Traced`, and tells of errors with their messages.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}


def make_app(means: Means) -> FastAPI:
    """The app, which enters the means when it starts and leaves them when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with means:
            yield

    app = FastAPI(
        title="Rescind",
        version=rescind.__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        # Their pages load scripts from another host.
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.gate = means.gate
    app.state.model = means.model
    explain(app)
    app.add_exception_handler(404, no_such_page)
    app.add_middleware(BoundedBody)
    app.add_middleware(OwnOrigin, is_open=means.gate.is_open)
    app.add_middleware(Aged, how_old=lambda: means.behind_seconds)
    app.add_middleware(Traced)
    app.add_middleware(Measured, meters=means.meters)
    for routes in _ROUTES:
        app.include_router(routes(means), prefix=PREFIX)
    app.include_router(health_routes(means))
    app.include_router(web_routes(means))
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """FastAPI's description, with the shape of problems, which its routes only refer to."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made["components"]["schemas"]
        refer = "#/components/schemas/{model}"
        problem = Problem.model_json_schema(ref_template=refer, mode="serialization")
        schemas |= problem.pop("$defs", {}) | {"Problem": problem}
        app.openapi_schema = made
    return app.openapi_schema
