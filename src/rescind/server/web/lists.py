"""The pages that are lists: flow runs, what is stuck or unconfirmed, runners, a run's journal."""

import asyncio
import time
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from rescind.server.access.asking import PageReader, Since, reads_page, require_everywhere
from rescind.server.api.means import Means
from rescind.server.api.reads.journal import Event
from rescind.server.api.subjects import FlowRunId, Subject, unknown
from rescind.server.readmodel.queries.flows import FlowFilter, states_within
from rescind.server.web.problems import PageRoute
from rescind.server.web.rendering import page

__all__ = ["list_routes"]

_ROWS: Final = 50

_Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
_Cursor = Annotated[str, Query(max_length=2_000)]

_TABS: Final = (
    ("", "All", ""),
    ("Pending", "Pending", "pending"),
    ("Running", "Running", "running"),
    ("Running.Cancelling", "Cancelling", "cancelling"),
    ("Finished.Success", "Success", "success"),
    ("Finished.Failed", "Failed", "failed"),
    ("Finished.Cancelled", "Cancelled", "cancelled"),
)
"""States that can be chosen, each with all that lies in it; the words and the looks."""


class _Tab(NamedTuple):
    """A choice of state: where it leads, and how many of those that fit otherwise it has."""

    word: str
    look: str
    href: str
    number: int
    is_chosen: bool


def list_routes(means: Means) -> APIRouter:
    """The routes, reading by these means."""
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, dependencies=[Depends(reads_page)]
    )
    _add_runs(router, means)
    _add_others(router, means)
    return router


def _add_runs(router: APIRouter, means: Means) -> None:
    model = means.model

    @router.get("/")
    async def show_flow_runs(
        by: PageReader,
        state: _Said = "",
        text: _Said = "",
        label: _Said = "",
        stuck: bool = False,
        cursor: _Cursor = "",
    ) -> HTMLResponse:
        asked = {"state": state, "text": text, "label": label, "stuck": "true" if stuck else ""}
        asked = {name: value for name, value in asked.items() if value}
        key, has_value, value = label.partition("=")
        wanted = FlowFilter(
            states=(state,) if state else (),
            text=text or None,
            labels={key: value} if has_value else {},
            within=by.namespaces,
        )
        now_ms = round(time.time() * 1000)
        counts = await asyncio.to_thread(model.count_flow_runs, wanted)
        if stuck:
            found = await asyncio.to_thread(
                model.stuck, now_ms, by.namespaces, limit=_ROWS, cursor=cursor or None
            )
        else:
            found = await asyncio.to_thread(
                model.flow_runs, wanted, limit=_ROWS, cursor=cursor or None
            )
        here = {**asked, **({"cursor": cursor} if cursor else {})}
        return page(
            "runs.html",
            place="runs",
            rows=found.items,
            total=sum(counts.values()),
            tabs=_tabs(counts, state, stuck, {"text": text, "label": label}),
            state=state,
            text=text,
            label=label,
            label_is_wrong=bool(label) and not has_value,
            stuck=stuck,
            cancel_these=_bulk_of(state, text, label) if not stuck else None,
            here=_link(here),
            is_first=not cursor,
            first=_link(asked),
            following=_link({**asked, "cursor": found.cursor}) if found.cursor else None,
        )


def _add_others(router: APIRouter, means: Means) -> None:
    model = means.model

    @router.get("/stuck")
    async def show_stuck(
        by: PageReader, cursor: _Cursor = "", unconfirmed: _Cursor = ""
    ) -> HTMLResponse:
        now_ms = round(time.time() * 1000)
        runs = await asyncio.to_thread(
            model.stuck, now_ms, by.namespaces, limit=_ROWS, cursor=cursor or None
        )
        tasks = await asyncio.to_thread(
            model.unconfirmed, by.namespaces, limit=_ROWS, cursor=unconfirmed or None
        )
        here = {"cursor": cursor, "unconfirmed": unconfirmed}
        more_runs = {**here, "cursor": runs.cursor or ""}
        more_tasks = {**here, "unconfirmed": tasks.cursor or ""}
        return page(
            "stuck.html",
            place="stuck",
            runs=runs.items,
            tasks=tasks.items,
            here=_link(here, "/stuck"),
            more_runs=_link(more_runs, "/stuck") if runs.cursor else None,
            more_tasks=_link(more_tasks, "/stuck") if tasks.cursor else None,
        )

    @router.get("/runners")
    async def show_runners(by: PageReader, cursor: _Cursor = "") -> HTMLResponse:
        require_everywhere(by)
        found = await asyncio.to_thread(model.runners, limit=_ROWS, cursor=cursor or None)
        return page(
            "runners.html",
            place="runners",
            rows=found.items,
            heard=means.heard.at_ms,
            lost_after_ms=round(means.settings.lost_after_seconds * 1000),
            here=_link({"cursor": cursor}, "/runners"),
            is_first=not cursor,
            following=_link({"cursor": found.cursor}, "/runners") if found.cursor else None,
        )

    @router.get("/flow-runs/{flow_run_id}/journal")
    async def show_journal(
        flow_run_id: FlowRunId, since: Since, cursor: _Cursor = ""
    ) -> HTMLResponse:
        found = await asyncio.to_thread(
            model.timeline, flow_run_id, since=since, limit=_ROWS, cursor=cursor or None
        )
        if not found.items and not cursor:
            raise unknown(Subject(flow_run_id))
        return page(
            "journal.html",
            place="runs",
            flow_run_id=flow_run_id,
            events=[(one.at_ms, Event.of(one)) for one in found.items],
            is_first=not cursor,
            following=_link({"cursor": found.cursor}, "") if found.cursor else None,
        )


def _tabs(counts: dict[str, int], state: str, stuck: bool, kept: dict[str, str]) -> list[_Tab]:
    return [
        _Tab(
            word,
            look,
            _link({"state": name, **kept}),
            sum(counts.get(one, 0) for one in states_within([name]))
            if name
            else sum(counts.values()),
            not stuck and name == state,
        )
        for name, word, look in _TABS
    ]


def _bulk_of(state: str, text: str, label: str) -> str | None:
    """The form of a bulk cancellation of what a list shows; of what has ended there is none."""
    if state.startswith("Finished"):
        return None
    said = {"states": state, "names": text, "labels": label if "=" in label else ""}
    return _link(said, "/bulk/new")


def _link(query: dict[str, str], path: str = "/") -> str:
    """A path with what of this is said."""
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path
