"""`OperatingCore`: runners, what was not seen to stop, dead letters; still to be carried out."""

import re
from typing import Final, TypeVar

from rescind.client.answers import (
    DeadLetter,
    DeadLetterWhole,
    PageOf,
    RetryAnswer,
    Runner,
    TaskState,
)
from rescind.client.answers.words import Answer
from rescind.client.core.address import path_of
from rescind.client.core.calls import Call, Doing
from rescind.client.core.core import PageAt
from rescind.client.core.operations import got, page_at, read_as
from rescind.client.core.pace import Operation, Pace, ask
from rescind.errors import CallError

__all__ = ["OperatingCore"]

T = TypeVar("T", bound=Answer)

_ALL: Final = "/dead-letters"
_PLACE: Final = re.compile(r"[0-9]{1,6}:[0-9]{1,18}")


class OperatingCore:
    """Of one client, with its patience."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def runners(self, page_size: int) -> PageAt[Runner]:
        return self._pages("/runners", Runner, page_size)

    def unconfirmed(self, page_size: int) -> PageAt[TaskState]:
        return self._pages("/unconfirmed-task-runs", TaskState, page_size)

    def list(self, page_size: int) -> PageAt[DeadLetter]:
        return self._pages(_ALL, DeadLetter, page_size)

    def show(self, place: str) -> Doing[DeadLetterWhole]:
        return ask(got(_of(place), DeadLetterWhole), self._pace)

    def retry(self, place: str) -> Doing[RetryAnswer]:
        operation = Operation(Call("POST", _of(place, "/retry")), read_as(RetryAnswer))
        # Once: what was not answered may have had its effect, and has no key of its own.
        return ask(operation, self._pace, retry_seconds=0)

    def _pages(self, path: str, row: type[T], page_size: int) -> PageAt[T]:
        def page(cursor: str | None) -> Operation[PageOf[T]]:
            return got(path_of(path), PageOf[row], page_at(page_size, cursor))  # type: ignore[valid-type]

        page(None)
        return lambda cursor: ask(page(cursor), self._pace)


def _of(place: str, part: str = "") -> str:
    """Raises `CallError` if it is no place."""
    if not _PLACE.fullmatch(place):
        raise CallError("place", "PARTITION:OFFSET, as the list has it", repr(place))
    return path_of(_ALL, "/{place}", part, place=place)
