"""What keeps an open page fresh: a word whenever there is something new to see, and no more.

The page then asks for itself again. What has changed is never sent this way, so a page that was
cut off for an hour is right again by one word.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from rescind.errors import ReadModelError
from rescind.events.words import ChosenId, StreamKind
from rescind.server.access.asking import PageReader
from rescind.server.api.live.beat import Word
from rescind.server.api.live.positions import partition_in
from rescind.server.api.live.streaming import KEEP_ALIVE, EventStream, written
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["live_routes"]

_STREAMS_MAX: Final = 500
_BETWEEN_SECONDS: Final = 0.7
_OLD_SECONDS: Final = 10.0
_CHANGED: Final = written(event="changed", data="")


def live_routes(means: Means) -> APIRouter:
    """The route, watching by these means."""
    router = APIRouter(include_in_schema=False)

    async def seat() -> AsyncIterator[None]:
        if means.streams >= _STREAMS_MAX:
            raise ProblemError(Kind.TOO_MANY, f"{_STREAMS_MAX} watch already")
        means.streams += 1
        try:
            yield
        finally:
            means.streams -= 1

    @router.get(
        "/live",
        response_class=EventStream,
        dependencies=[Depends(seat)],
    )
    async def watch(
        by: PageReader,
        flow_run_id: Annotated[ChosenId | None, Query()] = None,
        bulk_id: Annotated[ChosenId | None, Query()] = None,
    ) -> EventStream:
        of = None if flow_run_id is None else (StreamKind.FLOW, flow_run_id)
        if bulk_id is not None:
            of = StreamKind.BULK, bulk_id
        is_welcome = partial(means.gate.is_welcome, by)
        return EventStream(_words(means, of, is_welcome))

    return router


async def _words(
    means: Means, of: tuple[StreamKind, str] | None, is_welcome: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The first word comes at once: the page may be older than its stream."""
    loop = asyncio.get_running_loop()
    seen: Mapping[int, int] = {}
    within: Collection[int] | None = None
    said_at = loop.time()
    try:
        while True:
            word = await means.beat.past(
                seen, within, said_at=said_at, is_patient=False, is_welcome=is_welcome
            )
            if word is Word.END:
                return
            if word is Word.QUIET:
                # What does not move though the journal does is shown with its age.
                yield _CHANGED if means.behind_seconds > _OLD_SECONDS else KEEP_ALIVE
                said_at = loop.time()
                continue
            now = means.beat.standing
            if within is None and of is not None:
                within = {partition_in(now, of[1])}
            is_news = not seen or of is None
            if not is_news:
                looked = {partition: seen.get(partition, 0) for partition in within or ()}
                is_news = bool((await means.shared.after(looked, of, now)).parts)
            if is_news:
                yield _CHANGED
                said_at = loop.time()
            seen = now
            # Whoever looks at a busy list reads it: more often would only flicker.
            await asyncio.sleep(_BETWEEN_SECONDS)
    except ReadModelError:
        # Every page says so; the browser comes back.
        return
