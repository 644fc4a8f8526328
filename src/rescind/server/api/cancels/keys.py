"""Idempotency keys: what is asked twice under one key is done once, and answered alike.

A key is the beginning of a request's id and a mark of what was asked is its end. So the journal is
the memory: who asks again, of any server and after any restart, gets the answer that is there, and
who asks for something else under the same key is told so. Only what the read model may not have
seen yet is remembered here, for a few seconds.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Annotated, Final, Generic, NamedTuple, TypeVar

import orjson
from fastapi import Header
from pydantic import BaseModel, StringConstraints

from rescind.asking.outcomes import is_answer
from rescind.events.journal import Entry, RequestRefused
from rescind.events.refusals import Code
from rescind.server.access.viewer import Viewer
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["IdempotencyKey", "Repeats", "answer_under", "request_id_of", "used_otherwise"]

Of = TypeVar("Of", bound=Hashable)
Answer = TypeVar("Answer")

_MARK_CHARACTERS: Final = 12
_REMEMBERED_SECONDS: Final = 10.0
# What was not there may have come, and what was forbidden be allowed: that is asked anew.
_MAY_CHANGE: Final = frozenset({Code.UNKNOWN_RUN, Code.UNKNOWN_TASK, Code.NOT_ALLOWED})

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")] | None,
    Header(
        alias="Idempotency-Key",
        description="Chosen by whoever asks, 1 to 255 visible characters of ASCII. The same "
        "request under the same key is done once and answered alike; it becomes the beginning "
        "of the request's id in the journal.",
    ),
]


def request_id_of(key: str, wanted: BaseModel, by: Viewer, task_run_id: str | None = None) -> str:
    """The id of the request that asks for this under this key.

    A key is whose token it is used with: two who choose the same one never meet. Nor do two task
    runs of one flow run, whose answers are heard in the same stream.
    """
    whose = by.token_id + ("" if task_run_id is None else _mark(task_run_id.encode()))
    asked = orjson.dumps(wanted.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return f"{key}~{whose}{_mark(asked)}"


def _mark(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()[:_MARK_CHARACTERS]


def answer_under(request_id: str, answers: Iterable[Entry]) -> Entry | None:
    """What has answered the request; None: nobody yet.

    Raises `ProblemError` if something else was asked under its key.
    """
    key = request_id[:-_MARK_CHARACTERS]
    for entry in answers:
        asked = entry.request_id or ""
        if isinstance(entry.event, RequestRefused) and entry.event.code in _MAY_CHANGE:
            continue
        if len(asked) == len(request_id) and asked.startswith(key) and is_answer(entry):
            if asked != request_id:
                raise used_otherwise()
            return entry
    return None


def used_otherwise() -> ProblemError:
    """Something else was asked under the same key."""
    return ProblemError(
        Kind.KEY_USED,
        "expected the same request as before under this key, but it is another one; "
        "choose a new key for it",
    )


class _Asked(NamedTuple, Generic[Answer]):
    request_id: str
    answer: "asyncio.Task[Answer]"


class Repeats(Generic[Of, Answer]):
    """What is being asked under a key, and what was a moment ago.

    ``is_final`` says of an answer whether it will be the same when it is asked again.
    """

    def __init__(self, is_final: Callable[[Answer], bool]) -> None:
        self._is_final = is_final
        self._asked: dict[tuple[Of, str], _Asked[Answer]] = {}

    async def once(
        self, subject: Of, request_id: str, ask: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """What comes of it, asked now or a moment ago.

        Raises `ProblemError` if something else is asked under its key, or was a moment ago.
        """
        place = subject, request_id[:-_MARK_CHARACTERS]
        asked = self._asked.get(place)
        if asked is None:
            asked = _Asked(request_id, asyncio.ensure_future(_awaited(ask)))
            self._asked[place] = asked
            asked.answer.add_done_callback(lambda answer: self._forget(place, answer))
        elif asked.request_id != request_id:
            raise used_otherwise()
        # Others may wait for it too, when this one has hung up.
        return await asyncio.shield(asked.answer)

    def _forget(self, place: tuple[Of, str], answer: "asyncio.Task[Answer]") -> None:
        is_final = (
            not answer.cancelled()
            and answer.exception() is None
            and self._is_final(answer.result())
        )
        seconds = _REMEMBERED_SECONDS if is_final else 0.0
        asyncio.get_running_loop().call_later(seconds, self._asked.pop, place, None)


async def _awaited(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    return await ask()
