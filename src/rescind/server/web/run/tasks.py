"""The task runs of a flow run: all of them, page by page, and one with its error and its story."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from rescind.server.access.asking import Since, reads_page
from rescind.server.api.means import Means
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId, unknown
from rescind.server.readmodel.queries.answers import JournalEvent
from rescind.server.readmodel.queries.tasks import task_states_within
from rescind.server.readmodel.reading import ReadModel
from rescind.server.web.run.journal import show_events
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page, task_path
from rescind.server.web.shared.tabs import STATE_TABS, Tab
from rescind.server.web.shared.words import ANSWERS

__all__ = ["task_page_routes"]

_ROWS: Final = 50
_EVENTS: Final = 100

_Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256)]
_Cursor = Annotated[str, Query(max_length=2_000)]


def task_page_routes(means: Means) -> APIRouter:
    """The routes, reading by these means."""
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, dependencies=[Depends(reads_page)]
    )
    model = means.model

    @router.get("/flow-runs/{flow_run_id}/task-runs")
    async def show_task_runs(
        flow_run_id: FlowRunId, state: _Said = "", text: _Said = "", cursor: _Cursor = ""
    ) -> HTMLResponse:
        asked = {"state": state, "text": text}
        shown = await asyncio.to_thread(_look, model, flow_run_id, asked, cursor)
        path = task_path(flow_run_id)
        return page(
            "tasks.html",
            place="runs",
            flow_run_id=flow_run_id,
            here=_link(path, {**asked, "cursor": cursor}),
            is_first=not cursor,
            first=_link(path, asked),
            state=state,
            text=text,
            **shown,
        )

    @router.get("/flow-runs/{flow_run_id}/task-runs/{task_run_id}")
    async def show_task_run(
        flow_run_id: FlowRunId,
        task_run_id: TaskRunId,
        since: Since,
        answer: Annotated[str, Query(max_length=32)] = "",
    ) -> HTMLResponse:
        shown = await asyncio.to_thread(_look_at_one, model, flow_run_id, task_run_id, since)
        said = {str(outcome): words for outcome, words in ANSWERS.items()}.get(answer)
        # As on the page of a flow run: a link from elsewhere can claim nothing.
        is_so = shown["task"].cancellation is not None
        return page(
            "task.html",
            place="runs",
            flow_run_id=flow_run_id,
            answer=said if is_so else None,
            renewed=f"?answer={answer}" if said else "",
            **shown,
        )

    return router


def _look(
    model: ReadModel, flow_run_id: str, asked: Mapping[str, str], cursor: str
) -> dict[str, Any]:
    found = model.flow_run(flow_run_id)
    if found is None:
        raise unknown(Subject(flow_run_id))
    states, text = (asked["state"],) if asked["state"] else (), asked["text"] or None
    kept: dict[str, Any] = {"limit": _ROWS, "cursor": cursor or None}
    tasks = model.task_runs(flow_run_id, states, text, **kept)
    counts = model.count_task_runs(flow_run_id, text)
    path = task_path(flow_run_id)
    following = {**asked, "cursor": tasks.cursor} if tasks.cursor else None
    return {
        "run": found.row.state,
        "interrupts": found.interrupts,
        "rows": tasks.items,
        "tabs": _tabs(counts, path, asked),
        "following": None if following is None else _link(path, following),
    }


def _tabs(counts: Mapping[str, int], path: str, asked: Mapping[str, str]) -> list[Tab]:
    return [
        Tab(
            word,
            look,
            _link(path, {**asked, "state": name}),
            sum(counts.get(one, 0) for one in task_states_within([name]))
            if name
            else sum(counts.values()),
            name == asked["state"],
        )
        for name, word, look in STATE_TABS
    ]


def _look_at_one(
    model: ReadModel, flow_run_id: str, task_run_id: str, since: int
) -> dict[str, Any]:
    found = model.flow_run(flow_run_id)
    task = model.task_run(flow_run_id, task_run_id)
    if found is None or task is None:
        raise unknown(Subject(flow_run_id, task_run_id))
    events = model.timeline(flow_run_id, task_run_id, since=since, limit=_EVENTS)
    items: tuple[JournalEvent, ...] = events.items
    return {
        "run": found.row.state,
        "interrupts": found.interrupts,
        "task": task,
        "events": show_events(items),
        "has_more": events.cursor is not None,
    }


def _link(path: str, query: Mapping[str, str]) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path
