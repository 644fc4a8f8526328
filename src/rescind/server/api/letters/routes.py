"""``/dead-letters``: what could not be read, answered or told, and the same once more."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import StringConstraints

from rescind.server.access.asking import administers, reads_everything
from rescind.server.api.letters.letters import LETTERS_MAX, Letters
from rescind.server.api.letters.words import DeadLetter, DeadLetterWhole, Place, RetryAnswer
from rescind.server.api.live.positions import CHARACTERS_MAX
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, problem_responses
from rescind.server.api.reads.words import PageOf

__all__ = ["letter_routes"]

_PAGE: Final = 50
_OF_A_LIST = problem_responses(Kind.CURSOR, Kind.KAFKA_AWAY, Kind.TOO_MANY)
_OF_ONE = problem_responses(Kind.UNKNOWN_LETTER, Kind.KAFKA_AWAY, Kind.TOO_MANY)
_OF_A_RETRY: Final[dict[int | str, dict[str, Any]]] = {
    **problem_responses(
        *(Kind.UNREADABLE, Kind.NOT_ALLOWED, Kind.UNKNOWN_LETTER, Kind.REFUSED, Kind.KAFKA_AWAY)
    ),
    202: {"model": RetryAnswer, "description": "Kafka has it, and nobody has answered yet."},
}
_Place = Annotated[Place, Path(description="``PARTITION:OFFSET``, as the list has it.")]
_Limit = Annotated[int, Query(ge=1, le=LETTERS_MAX, description="How many rows a page may have.")]
_Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=CHARACTERS_MAX)] | None,
    Query(description="The one that the page before ended with."),
]


def letter_routes(means: Means) -> APIRouter:
    """The routes, reading and asking by these means."""
    router = APIRouter(prefix="/dead-letters", tags=["dead letters"])
    letters = Letters(means)

    @router.get("", responses=_OF_A_LIST, dependencies=[Depends(reads_everything)])
    async def list_dead_letters(
        limit: _Limit = _PAGE, cursor: _Cursor = None
    ) -> PageOf[DeadLetter]:
        """Dead letters, the latest first. They are kept for 30 days."""
        page = await letters.page(limit, cursor)
        return PageOf(items=tuple(map(DeadLetter.of, page.letters)), cursor=page.cursor)

    @router.get("/{place}", responses=_OF_ONE, dependencies=[Depends(reads_everything)])
    async def show_dead_letter(place: _Place) -> DeadLetterWhole:
        """One, with its bytes."""
        return DeadLetterWhole.of(await letters.one(place))

    @router.post("/{place}/retry", responses=_OF_A_RETRY, dependencies=[Depends(administers)])
    async def retry_dead_letter(place: _Place, response: Response) -> RetryAnswer:
        """Ask the same once more, as it came: after a bug was mended, or a newer release is here.

        The dead letter stays. What is refused again may become another one.
        """
        answer = await letters.retry(place)
        response.status_code = 202 if answer.outcome == "accepted" else 200
        return answer

    return router
