"""``GET /events``: the journal as it comes, as server-sent events.

They come from the read model, so whoever sees an event finds its effect in every read. Nothing is
kept for a client but where it has got to: one that does not read is not read for, and the kernel
drops it after a while (`rescind.server.listening`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Header, Query
from pydantic import StringConstraints

from rescind.errors import ReadModelError
from rescind.events.words import ChosenId, StreamKind
from rescind.server.access.asking import Reader, Since, reads, require_everywhere
from rescind.server.api.live.beat import Word
from rescind.server.api.live.positions import (
    CHARACTERS_MAX,
    partition_in,
    read_positions,
    write_positions,
)
from rescind.server.api.live.streaming import ITEMS, KEEP_ALIVE, EventStream, written
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, ProblemError, problem_responses

__all__ = ["event_routes"]

_STREAMS_MAX: Final = 500

_Position = Annotated[str, StringConstraints(max_length=CHARACTERS_MAX)] | None


class _Followed(NamedTuple):
    """What a client wants: of one stream or of all, from these offsets on."""

    of: tuple[StreamKind, str] | None
    positions: Mapping[int, int]
    is_welcome: Callable[[], bool]


def event_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(tags=["events"], dependencies=[Depends(reads)])

    async def seat() -> AsyncIterator[None]:
        if means.streams >= _STREAMS_MAX:
            detail = f"expected at most {_STREAMS_MAX} who follow, but there are as many already"
            raise ProblemError(Kind.TOO_MANY, detail)
        means.streams += 1
        try:
            yield
        finally:
            means.streams -= 1

    async def followed(
        by: Reader,
        since: Since,
        flow_run_id: Annotated[
            ChosenId | None, Query(description="Of this flow run alone.")
        ] = None,
        bulk_id: Annotated[
            ChosenId | None, Query(description="Of this bulk cancellation alone.")
        ] = None,
        after: Annotated[
            _Position, Query(description="From where on, for a first connection.")
        ] = None,
        last_event_id: Annotated[
            _Position, Header(description="The id of the last event that has arrived.")
        ] = None,
    ) -> _Followed:
        if flow_run_id is None and bulk_id is None:
            require_everywhere(by)
        known = await asyncio.to_thread(means.model.standings)
        now = {number: at.next_offset for number, at in known.items()}
        said = last_event_id or after
        positions = now | (read_positions(said, len(now)) if said else {})
        of = _stream(flow_run_id, bulk_id)
        if of is not None and now:
            partition = partition_in(now, of[1])
            positions = {partition: max(positions[partition], since)}
        return _Followed(of, positions, partial(means.gate.is_welcome, by))

    @router.get(
        "/events",
        status_code=200,
        response_class=EventStream,
        responses=ITEMS | problem_responses(Kind.POSITION, Kind.READS_AWAY, Kind.TOO_MANY),
        dependencies=[Depends(seat)],
    )
    async def follow_events(wanted: Annotated[_Followed, Depends(followed)]) -> EventStream:
        """What the journal says from now on, or from where the client has got to.

        Each message is one record, as a timeline has it; its id is the place after it in every
        partition that is followed.
        """
        return EventStream(_parts(means, wanted))

    return router


def _stream(flow_run_id: str | None, bulk_id: str | None) -> tuple[StreamKind, str] | None:
    if flow_run_id is not None and bulk_id is not None:
        detail = "expected `flow_run_id` or `bulk_id`, but there are both"
        raise ProblemError(Kind.INVALID, detail)
    if flow_run_id is not None:
        return StreamKind.FLOW, flow_run_id
    return None if bulk_id is None else (StreamKind.BULK, bulk_id)


async def _parts(means: Means, wanted: _Followed) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    positions = wanted.positions
    within = None if wanted.of is None else positions.keys()
    # A client that is cut off before the first event knows where to go on, too.
    yield written(comment="following", id=write_positions(positions))
    seen: Mapping[int, int] = {}
    said_at = loop.time()
    while True:
        word = await means.beat.past(seen, within, said_at=said_at, is_welcome=wanted.is_welcome)
        if word is Word.END:
            return
        if word is Word.QUIET:
            yield KEEP_ALIVE
            said_at = loop.time()
            continue
        standing = means.beat.standing
        try:
            found = await means.shared.after(positions, wanted.of, standing)
        except ReadModelError:
            # It is told by every other read; the client comes back to where it was.
            return
        for part in found.parts:
            yield part
            said_at = loop.time()
        positions = found.positions
        if found.is_all:
            seen = standing
