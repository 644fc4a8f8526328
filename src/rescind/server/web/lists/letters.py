"""The pages of dead letters: the list, and one with what it says and a button to ask it again."""

import asyncio
from typing import Annotated, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from rescind.events.refusals import Code
from rescind.processors.letters.reading import Letter
from rescind.server.access.asking import administers_by_page, reads_every_page
from rescind.server.api.letters.letters import Letters
from rescind.server.api.letters.words import DeadLetter, Place
from rescind.server.api.means import Means
from rescind.server.web.shared.forms import Forms
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["letter_page_routes"]

_ROWS: Final = 50
_CHARACTERS_MAX: Final = 20_000
_Cursor = Annotated[str, Query(max_length=30_000)]


def letter_page_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, reading and asking by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    letters = Letters(means)

    @router.get("/dead-letters", dependencies=[Depends(reads_every_page)])
    async def show_dead_letters(cursor: _Cursor = "") -> Response:
        found = await letters.page(_ROWS, cursor or None)
        return page(
            "letters.html",
            place="letters",
            rows=[DeadLetter.of(one) for one in found.letters],
            is_first=not cursor,
            following=f"/dead-letters?{urlencode({'cursor': found.cursor})}"
            if found.cursor
            else None,
        )

    @router.get("/dead-letters/{place}", dependencies=[Depends(reads_every_page)])
    async def show_dead_letter(place: Place, request: Request) -> Response:
        return await _one(letters, forms, request, place)

    @router.post("/dead-letters/{place}/retry", dependencies=[Depends(administers_by_page)])
    async def retry(place: Place, request: Request) -> Response:
        await forms.read(request)
        answer = await letters.retry(place)
        # No redirect: asked again it would be another request, so a reload asks the browser first.
        return page("letter-asked.html", place="letters", at=place, answer=answer)

    return router


async def _one(letters: Letters, forms: Forms, request: Request, place: str) -> Response:
    letter = await letters.one(place)
    form = forms.new(request)
    said = await asyncio.to_thread(_text, letter)
    response = page(
        "letter.html",
        place="letters",
        letter=DeadLetter.of(letter),
        meaning=_meaning(letter.said.code),
        headers=[(name, value.decode(errors="replace")) for name, value in letter.said.headers],
        key=None if letter.record.key is None else letter.record.key.decode(errors="replace"),
        text=said[:_CHARACTERS_MAX],
        is_cut=len(said) > _CHARACTERS_MAX,
        why_not=letters.why_not(letter),
        token=form.token,
    )
    form.put_on(response)
    return response


def _text(letter: Letter) -> str:
    """JSON so that a person can read it; else the bytes, as Python writes them."""
    value = letter.record.value
    if value is None:
        return ""
    plain = repr(value)[1:]
    try:
        body = letter.body
        return plain if body is None else orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
    except (TypeError, ValueError):
        # JSON that can be read and not be written: half of a surrogate pair.
        return plain


def _meaning(code: str) -> tuple[str, str]:
    """What a code says and what to do; one of a newer release, or of a hook, says it by itself."""
    try:
        known = Code(code)
    except ValueError:
        return "", ""
    return known.meaning, known.remedy
