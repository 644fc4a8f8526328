"""The page of runners: those that live, and behind a tab those that are gone.

Every `rescind run` is a runner of its own, which is known for days after its end.
"""

import asyncio
import time
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from rescind.server.access.asking import reads_every_page
from rescind.server.api.means import Means
from rescind.server.readmodel.queries.answers import RunnerRow
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["runner_page_routes"]

_ROWS: Final = 50


class RunnerShown(NamedTuple):
    """A runner as the page has it. ``look``: of its chip; ``place``: where it runs, for people."""

    row: RunnerRow
    word: str
    look: str
    place: str
    heard_ms: int | None


def runner_page_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    model = means.model
    lost_after_ms = round(means.settings.lost_after_seconds * 1000)

    @router.get("/runners", dependencies=[Depends(reads_every_page)])
    async def show_runners(
        gone: bool = False, cursor: Annotated[str, Query(max_length=2_000)] = ""
    ) -> HTMLResponse:
        counts = await asyncio.to_thread(model.count_runners)
        found = await asyncio.to_thread(model.runners, gone, limit=_ROWS, cursor=cursor or None)
        now_ms = round(time.time() * 1000)
        heard = means.heard.at_ms
        latest = sorted(found.items, key=lambda row: (-row.since_ms, row.runner_id))
        asked = {"gone": "true"} if gone else {}
        return page(
            "runners.html",
            place="runners",
            rows=[_shown(row, heard.get(row.runner_id), now_ms, lost_after_ms) for row in latest],
            counts=counts,
            gone=gone,
            here=_link(**asked, cursor=cursor),
            is_first=not cursor,
            first=_link(**asked),
            following=_link(**asked, cursor=found.cursor) if found.cursor else None,
        )

    return router


def _shown(row: RunnerRow, heard_ms: int | None, now_ms: int, lost_after_ms: int) -> RunnerShown:
    states = set(row.states.values())
    place = _readable_scope(row.scope)
    if "Registered" not in states:
        look = "failed" if "Gone.Lost" in states else "cancelled"
        word = ", ".join(sorted(states)).replace("Gone.", "")
        return RunnerShown(row, word, look, place, heard_ms)
    if heard_ms is not None and now_ms - heard_ms > lost_after_ms:
        return RunnerShown(row, "Silent", "failed", place, heard_ms)
    is_lost = "Gone.Lost" in states
    word = "Lost in some partitions" if is_lost else "Registered"
    return RunnerShown(row, word, "failed" if is_lost else "success", place, heard_ms)


def _readable_scope(scope: str) -> str:
    """``host 3d12ab34`` of ``host:3d12ab34…/4026531836``; what is no host as it is, as a name."""
    if scope in ("", "unknown"):
        return ""
    kind, has_place, place = scope.partition(":")
    if kind != "host" or not has_place:
        return scope
    machine = place.partition("/")[0]
    # The id of a machine is 128 random bits; one without has its name here.
    is_random = len(machine) == 32 and all(c in "0123456789abcdef" for c in machine)
    return f"host {machine[:8] if is_random else machine}"


def _link(**query: str) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"/runners?{said}" if said else "/runners"
