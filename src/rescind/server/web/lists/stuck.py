"""The page of what is stuck, and of what nobody has seen stop."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from rescind.events.states import TaskState
from rescind.events.words import How
from rescind.server.access.asking import PageReader, reads_page
from rescind.server.api.means import Means
from rescind.server.readmodel.queries.flows import FlowFilter
from rescind.server.readmodel.reading import ReadModel
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["stuck_routes"]

_ROWS: Final = 50
_Cursor = Annotated[str, Query(max_length=2_000)]


def stuck_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, dependencies=[Depends(reads_page)]
    )
    model = means.model

    @router.get("/stuck")
    async def show_stuck(
        by: PageReader, cursor: _Cursor = "", unconfirmed: _Cursor = ""
    ) -> HTMLResponse:
        now_ms = round(time.time() * 1000)
        everything = FlowFilter(within=by.namespaces)
        runs = await asyncio.to_thread(
            model.stuck, now_ms, everything, limit=_ROWS, cursor=cursor or None
        )
        tasks = await asyncio.to_thread(
            model.unconfirmed, by.namespaces, limit=_ROWS, cursor=unconfirmed or None
        )
        namespaces = await asyncio.to_thread(model.namespaces, by.namespaces, limit=2)
        here = {"cursor": cursor, "unconfirmed": unconfirmed}
        more_runs = {**here, "cursor": runs.cursor or ""}
        more_tasks = {**here, "unconfirmed": tasks.cursor or ""}
        return page(
            "stuck.html",
            place="stuck",
            runs=runs.items,
            tasks=tasks.items,
            interrupts=await asyncio.to_thread(_interrupts, model, tasks.items),
            in_several=len(namespaces) > 1,
            here=_link(here),
            more_runs=_link(more_runs) if runs.cursor else None,
            more_tasks=_link(more_tasks) if tasks.cursor else None,
        )

    return router


def _interrupts(model: ReadModel, tasks: Sequence[TaskState]) -> dict[str, bool | None]:
    """By flow run, whether its executors interrupt; looked up only where that is to be said."""
    said: dict[str, bool | None] = {task.flow_run_id: None for task in tasks}
    for flow_run_id in {task.flow_run_id for task in tasks if task.how is How.GRACEFUL}:
        said[flow_run_id] = model.interrupts(flow_run_id)
    return said


def _link(query: dict[str, str]) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"/stuck?{said}" if said else "/stuck"
