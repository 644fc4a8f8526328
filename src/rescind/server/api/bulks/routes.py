"""``/bulk-cancellations``: create, start, pause, resume and stop them, and see how far they are."""

import asyncio
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Body, Query, Response

from rescind.server.access.asking import BulkCanceller, Reader
from rescind.server.api.bulks.asking import BulkAnswered, BulkAsks
from rescind.server.api.bulks.shown import show, show_item
from rescind.server.api.bulks.words import (
    BulkAnswer,
    BulkCancellation,
    BulkId,
    BulkItem,
    BulkStates,
    CreateBulk,
    ItemOutcome,
    StartBulk,
)
from rescind.server.api.cancels.keys import IdempotencyKey
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, problem_responses
from rescind.server.api.reads.filters import Cursor, Limit
from rescind.server.api.reads.words import PageOf
from rescind.server.api.subjects import PREFIX, unknown_bulk

__all__ = ["bulk_routes"]

_PAGE = 50
_ALL = "/bulk-cancellations"
_ONE = f"{_ALL}/{{bulk_id}}"
_NOTHING_CONFIRMED = StartBulk()

_LOCATION = {"Location": {"description": "Where it can be watched.", "schema": {"type": "string"}}}
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": BulkAnswer,
        "description": "Kafka has the request, and nobody has answered within two seconds.",
        "headers": _LOCATION,
    }
}
_OF_A_CREATION: Final[dict[int | str, dict[str, Any]]] = {
    **problem_responses(Kind.UNREADABLE, Kind.NOT_ALLOWED, Kind.REFUSED, Kind.TOO_LARGE),
    **problem_responses(Kind.KEY_USED, Kind.KAFKA_AWAY),
    201: {"model": BulkAnswer, "description": "It is there, as a draft.", "headers": _LOCATION},
    **_ACCEPTED,
}
_OF_A_STEP: Final[dict[int | str, dict[str, Any]]] = {
    **problem_responses(
        *(Kind.UNREADABLE, Kind.NOT_ALLOWED, Kind.UNKNOWN_BULK, Kind.TOO_LARGE),
        *(Kind.FINISHED, Kind.REFUSED, Kind.CONFIRMATION, Kind.KAFKA_AWAY),
    ),
    200: {"model": BulkAnswer, "description": "It is so now, or was already (`unchanged`)."},
    **_ACCEPTED,
}
_OF_A_LIST = problem_responses(Kind.CURSOR, Kind.READS_AWAY)
_OF_ONE = problem_responses(Kind.UNKNOWN_BULK, Kind.READS_AWAY)
_OF_ITEMS = problem_responses(Kind.CURSOR, Kind.UNKNOWN_BULK, Kind.READS_AWAY)


def bulk_routes(means: Means) -> APIRouter:
    """The routes, asking and reading by these means."""
    router = APIRouter(tags=["bulk cancellations"])
    _put_asks(router, BulkAsks(means))
    _put_reads(router, means)
    return router


def _put_asks(router: APIRouter, asks: BulkAsks) -> None:
    @router.post(_ALL, status_code=201, response_model=BulkAnswer, responses=_OF_A_CREATION)
    async def create_bulk_cancellation(
        by: BulkCanceller,
        response: Response,
        wanted: Annotated[CreateBulk, Body()],
        idempotency_key: IdempotencyKey = None,
    ) -> BulkAnswer:
        """Describe one. It is counted by the service, and cancels nothing before it is started.

        What is registered after the count is never cancelled by it.
        """
        return _said(await asks.create(wanted, by, idempotency_key), response)

    @router.post(f"{_ONE}/start", response_model=BulkAnswer, responses=_OF_A_STEP)
    async def start_bulk_cancellation(
        bulk_id: BulkId,
        by: BulkCanceller,
        response: Response,
        wanted: Annotated[StartBulk | None, Body()] = None,
    ) -> BulkAnswer:
        """Begin to cancel what was counted. Where it means many, that has to be confirmed."""
        confirmed = (wanted or _NOTHING_CONFIRMED).confirmed_count
        return _said(await asks.start(bulk_id, confirmed, by), response)

    @router.post(f"{_ONE}/pause", response_model=BulkAnswer, responses=_OF_A_STEP)
    async def pause_bulk_cancellation(
        bulk_id: BulkId, by: BulkCanceller, response: Response
    ) -> BulkAnswer:
        """Ask no further flow run for now; a part that is under way is asked to its end."""
        return _said(await asks.pause(bulk_id, by), response)

    @router.post(f"{_ONE}/resume", response_model=BulkAnswer, responses=_OF_A_STEP)
    async def resume_bulk_cancellation(
        bulk_id: BulkId, by: BulkCanceller, response: Response
    ) -> BulkAnswer:
        """Go on where it was paused."""
        return _said(await asks.resume(bulk_id, by), response)

    @router.post(f"{_ONE}/stop", response_model=BulkAnswer, responses=_OF_A_STEP)
    async def stop_bulk_cancellation(
        bulk_id: BulkId, by: BulkCanceller, response: Response
    ) -> BulkAnswer:
        """Ask no further flow run, for good. What was asked goes on."""
        return _said(await asks.stop(bulk_id, by), response)


def _put_reads(router: APIRouter, means: Means) -> None:
    model, most = means.model, means.policy.bulk_unconfirmed_max

    @router.get(_ALL, responses=_OF_A_LIST)
    async def list_bulk_cancellations(
        by: Reader, state: BulkStates = (), limit: Limit = _PAGE, cursor: Cursor = None
    ) -> PageOf[BulkCancellation]:
        """Bulk cancellations, the latest first."""
        page = await asyncio.to_thread(
            model.bulk_cancellations, state, by.namespaces, limit=limit, cursor=cursor
        )
        return PageOf(items=tuple(show(row, most) for row in page.items), cursor=page.cursor)

    @router.get(_ONE, responses=_OF_ONE)
    async def show_bulk_cancellation(bulk_id: BulkId, _: Reader) -> BulkCancellation:
        """One: what it means, and how far it is."""
        found = await asyncio.to_thread(model.bulk_cancellation, bulk_id)
        if found is None:
            raise unknown_bulk(bulk_id)
        return show(found, most)

    @router.get(f"{_ONE}/items", responses=_OF_ITEMS)
    async def list_bulk_items(
        bulk_id: BulkId,
        by: Reader,
        outcome: Annotated[ItemOutcome | None, Query(description="Of this outcome alone.")] = None,
        limit: Limit = _PAGE,
        cursor: Cursor = None,
    ) -> PageOf[BulkItem]:
        """What came of each flow run, in the order in which they were asked."""
        page = await asyncio.to_thread(
            model.bulk_items, bulk_id, outcome, by.namespaces, limit=limit, cursor=cursor
        )
        if not page.items and await asyncio.to_thread(model.bulk_cancellation, bulk_id) is None:
            raise unknown_bulk(bulk_id)
        return PageOf(items=tuple(map(show_item, page.items)), cursor=page.cursor)


def _said(answered: BulkAnswered, response: Response) -> BulkAnswer:
    response.status_code = answered.status
    if answered.status != 200:
        where = quote(answered.answer.bulk_id, safe="")
        response.headers["Location"] = f"{PREFIX}{_ALL}/{where}"
    return answered.answer
