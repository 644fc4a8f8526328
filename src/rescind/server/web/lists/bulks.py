"""The list of bulk cancellations."""

import asyncio
import time
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from rescind.server.access.asking import PageReader
from rescind.server.api.bulks.shown import show
from rescind.server.api.bulks.words import BulkCancellation
from rescind.server.api.means import Means
from rescind.server.web.bulk.words import bars_of, facts_of
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["bulk_list_routes"]

_ROWS: Final = 50
# Every preview that nobody confirms stays behind as one.
DRAFTS_SHOWN_MS: Final = 3_600_000

_TABS: Final = (
    ("", "All", ""),
    ("Draft", "Drafts", "pending"),
    ("Running", "Running", "running"),
    ("Paused", "Paused", "cancelling"),
    ("Finished.Completed", "Completed", "success"),
    ("Finished.Stopped", "Stopped", "cancelled"),
)


def bulk_list_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    model, most = means.model, means.policy.bulk_unconfirmed_max

    @router.get("/bulk")
    async def show_bulk_cancellations(
        by: PageReader,
        state: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=2_000)] = "",
    ) -> HTMLResponse:
        states = (state,) if state else ()
        # How many there are is of all namespaces: who is held to some has them all in the list.
        hides = by.namespaces is None and not state
        since_ms = round(time.time() * 1000) - DRAFTS_SHOWN_MS if hides else None
        found = await asyncio.to_thread(
            model.bulk_cancellations,
            states,
            by.namespaces,
            drafts_since_ms=since_ms,
            limit=_ROWS,
            cursor=cursor or None,
        )
        old = 0 if since_ms is None else await asyncio.to_thread(model.count_drafts, since_ms)
        return page(
            "bulks.html",
            place="bulk",
            rows=[_row(show(row, most)) for row in found.items],
            tabs=[(word, look, _link(state=name), name == state) for name, word, look in _TABS],
            state=state,
            old_drafts=old,
            here=_link(state=state, cursor=cursor),
            is_first=not cursor,
            first=_link(state=state),
            following=_link(state=state, cursor=found.cursor) if found.cursor else None,
        )

    return router


def _row(bulk: BulkCancellation) -> dict[str, object]:
    return {"bulk": bulk, "bars": bars_of(bulk), "facts": facts_of(bulk)}


def _link(**query: str) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"/bulk?{said}" if said else "/bulk"
