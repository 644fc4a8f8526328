"""The journal of one flow run: each event as a sentence, its type beside it, its record to unfold.

The sentences are those of the terminal, with times in UTC.
"""

import asyncio
from datetime import UTC
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from rescind.errors import JournalError
from rescind.events.journal import Entry
from rescind.server.access.asking import Since, reads_page
from rescind.server.api.means import Means
from rescind.server.api.reads.journal import Event
from rescind.server.api.subjects import FlowRunId, Subject, unknown
from rescind.server.readmodel.queries.answers import JournalEvent
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page
from rescind.telling.story import tell

__all__ = ["journal_routes", "show_events"]

_ROWS: Final = 50


class EventShown(NamedTuple):
    """A record of the journal, when it was written, and what it says."""

    at_ms: int
    sentence: str
    event: Event


def journal_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, dependencies=[Depends(reads_page)]
    )
    model = means.model

    @router.get("/flow-runs/{flow_run_id}/journal")
    async def show_journal(
        flow_run_id: FlowRunId, since: Since, cursor: Annotated[str, Query(max_length=2_000)] = ""
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
            events=show_events(found.items),
            here=f"?{urlencode({'cursor': cursor})}" if cursor else "",
            is_first=not cursor,
            following=f"?{urlencode({'cursor': found.cursor})}" if found.cursor else None,
        )

    return router


def show_events(found: tuple[JournalEvent, ...]) -> list[EventShown]:
    return [EventShown(one.at_ms, _sentence(one), Event.of(one)) for one in found]


def _sentence(event: JournalEvent) -> str:
    try:
        return tell(Entry.from_json(event.value or b""), UTC)
    except JournalError:
        # A newer release's, or no event at all: its record says what can be said.
        return "a record that this release cannot read"
