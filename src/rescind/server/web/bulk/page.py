"""The page of one bulk cancellation: its preview, its start, how far it is, what came of each.

It asks as the API does. To stop one is for good, and asks again; to pause or resume does not.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from rescind.server.access.asking import (
    BulkPageCanceller,
    PageReader,
    cancels_all_of_it_by_page,
)
from rescind.server.access.viewer import Viewer
from rescind.server.api.bulks.asking import BulkAsks
from rescind.server.api.bulks.shown import show
from rescind.server.api.bulks.words import BulkAnswer, BulkCancellation, BulkId
from rescind.server.api.means import Means
from rescind.server.api.subjects import unknown_bulk
from rescind.server.readmodel.queries.answers import BulkItemRow
from rescind.server.readmodel.queries.pages import Page
from rescind.server.web.bulk.words import bars_of, facts_of, pace_of
from rescind.server.web.shared.forms import Forms
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["answer_page", "bulk_page_routes"]

_ROWS: Final = 50
_TYPED_MAX: Final = 20

_Outcome = Annotated[str, Query(max_length=64)]
_Cursor = Annotated[str, Query(max_length=2_000)]


def bulk_page_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, asking and reading by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    pages, asks = _Pages(means, forms), BulkAsks(means)

    @router.get("/bulk/{bulk_id}")
    async def show_bulk_cancellation(
        bulk_id: BulkId,
        by: PageReader,
        request: Request,
        outcome: _Outcome = "",
        cursor: _Cursor = "",
        typed: Annotated[str | None, Query(max_length=_TYPED_MAX)] = None,
    ) -> Response:
        look = {"outcome": outcome, "cursor": cursor}
        return await pages.whole(bulk_id, request, by, **look, typed=typed)

    @router.get("/bulk/{bulk_id}/stop", dependencies=[Depends(cancels_all_of_it_by_page)])
    async def show_stop_form(bulk_id: BulkId, request: Request) -> Response:
        return await pages.stop_form(bulk_id, request)

    @router.post("/bulk/{bulk_id}/start")
    async def start(bulk_id: BulkId, by: BulkPageCanceller, request: Request) -> Response:
        fields = await forms.read(request)
        typed, shown = fields.get("confirmed", "").strip(), fields.get("count", "")
        plain = typed.replace(",", "").replace(".", "")
        if plain != shown or not plain.isascii() or not plain.isdigit():
            response = await pages.whole(bulk_id, request, by, typed=typed[:_TYPED_MAX])
            response.status_code = 422
            return response
        return _told((await asks.start(bulk_id, int(plain[:10]), by)).answer)

    @router.post("/bulk/{bulk_id}/pause")
    async def pause(bulk_id: BulkId, by: BulkPageCanceller, request: Request) -> Response:
        await forms.read(request)
        return _told((await asks.pause(bulk_id, by)).answer)

    @router.post("/bulk/{bulk_id}/resume")
    async def resume(bulk_id: BulkId, by: BulkPageCanceller, request: Request) -> Response:
        await forms.read(request)
        return _told((await asks.resume(bulk_id, by)).answer)

    @router.post("/bulk/{bulk_id}/stop")
    async def stop(bulk_id: BulkId, by: BulkPageCanceller, request: Request) -> Response:
        await forms.read(request)
        return _told((await asks.stop(bulk_id, by)).answer)

    return router


def _told(answer: BulkAnswer) -> Response:
    if answer.outcome == "accepted":
        return answer_page(answer)
    # So that a reload asks for nothing.
    return RedirectResponse(f"/bulk/{quote(answer.bulk_id, safe='')}", 303)


def answer_page(answer: BulkAnswer) -> Response:
    """That Kafka has the request, and that nobody has answered it yet."""
    return page("bulk-asked.html", 202, place="bulk", answer=answer)


class _Pages:
    """Makes the pages of one bulk cancellation."""

    def __init__(self, means: Means, forms: Forms) -> None:
        self._model = means.model
        self._most = means.policy.bulk_unconfirmed_max
        self._forms = forms

    async def whole(
        self,
        bulk_id: str,
        request: Request,
        by: Viewer,
        *,
        outcome: str = "",
        cursor: str = "",
        typed: str | None = None,
    ) -> Response:
        """All of it. ``typed``: what was typed for the count, and was not it."""
        bulk, items, names = await asyncio.to_thread(self._look, bulk_id, by, outcome, cursor)
        form = self._forms.new(request)
        response = page(
            "bulk.html",
            place="bulk",
            bulk=bulk,
            samples=[(name, names.get(name, "")) for name in bulk.samples],
            bars=bars_of(bulk),
            facts=facts_of(bulk),
            pace=pace_of(bulk),
            items=items.items,
            outcome=outcome,
            typed=typed,
            token=form.token,
            # With what was typed: what is wrong stays there when the page is renewed.
            here=_link(bulk_id, outcome=outcome, cursor=cursor, typed=typed),
            is_first=not cursor,
            first=_link(bulk_id, outcome=outcome),
            following=_link(bulk_id, outcome=outcome, cursor=items.cursor)
            if items.cursor
            else None,
        )
        form.put_on(response)
        return response

    async def stop_form(self, bulk_id: str, request: Request) -> Response:
        """What it would leave alone."""
        bulk = await asyncio.to_thread(self._known, bulk_id)
        form = self._forms.new(request)
        response = page("bulk-stop.html", place="bulk", bulk=bulk, token=form.token)
        form.put_on(response)
        return response

    def _known(self, bulk_id: str) -> BulkCancellation:
        """Raises `ProblemError`."""
        row = self._model.bulk_cancellation(bulk_id)
        if row is None:
            raise unknown_bulk(bulk_id)
        return show(row, self._most)

    def _look(
        self, bulk_id: str, by: Viewer, outcome: str, cursor: str
    ) -> tuple[BulkCancellation, Page[BulkItemRow], Mapping[str, str]]:
        bulk = self._known(bulk_id)
        asked: dict[str, Any] = {"limit": _ROWS, "cursor": cursor or None}
        items = self._model.bulk_items(bulk_id, outcome or None, by.namespaces, **asked)
        samples = () if bulk.progress else bulk.samples
        return bulk, items, self._model.names_of(samples, by.namespaces)


def _link(bulk_id: str, **query: str | None) -> str:
    kept = {name: value for name, value in query.items() if value or name == "typed"}
    said = urlencode({name: value for name, value in kept.items() if value is not None})
    path = f"/bulk/{quote(bulk_id, safe='')}"
    return f"{path}?{said}" if said else path
