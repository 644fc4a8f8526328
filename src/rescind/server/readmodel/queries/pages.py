"""Lists in pages: a cursor is the place of the last row in the order of its list.

It names what never changes while that row is there, and the next page begins after it, whether or
not the row still is. So nothing that stays is skipped or shown twice, however much else moves.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import orjson
from sqlalchemy import Column, ColumnElement, Row, tuple_

from rescind.errors import CursorError

__all__ = ["LIMIT_MAX", "Page", "after", "before", "bounded", "cursor_at", "cut"]

LIMIT_MAX: Final = 1_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list. ``cursor``: where the next page begins; None after the last one."""

    items: tuple[T, ...]
    cursor: str | None


def bounded(limit: int) -> int:
    """How many items a page may have."""
    return max(1, min(limit, LIMIT_MAX))


def cut(
    rows: Sequence[Row[Any]],
    limit: int,
    order: Sequence[Column[Any]],
    made: Callable[[Row[Any]], T],
) -> Page[T]:
    """A page of at most so many of the rows, of which one more was asked for."""
    kept = rows[:limit]
    cursor = cursor_at(kept[-1], order) if len(rows) > limit else None
    return Page(tuple(map(made, kept)), cursor)


def cursor_at(row: Row[Any], order: Sequence[Column[Any]]) -> str:
    """Where the next page begins, if this row is the last one of a page."""
    place = [getattr(row, column.key) for column in order]
    return urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def before(order: Sequence[ColumnElement[Any]], cursor: str | None) -> list[ColumnElement[bool]]:
    """The condition of what comes after the cursor in a list from high to low.

    Raises `CursorError` if it is no cursor of such a list.
    """
    return [] if cursor is None else [tuple_(*order) < tuple_(*_place(order, cursor))]


def after(order: Sequence[ColumnElement[Any]], cursor: str | None) -> list[ColumnElement[bool]]:
    """The same in a list from low to high."""
    return [] if cursor is None else [tuple_(*order) > tuple_(*_place(order, cursor))]


def _place(order: Sequence[ColumnElement[Any]], cursor: str) -> list[Any]:
    try:
        place: Any = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise CursorError(cursor) from None
    kinds = [column.type.python_type for column in order]
    if not isinstance(place, list) or [type(value) for value in place] != kinds:
        raise CursorError(cursor)
    if not all(map(_is_storable, place)):
        raise CursorError(cursor)
    return place


def _is_storable(value: str | int) -> bool:
    return "\0" not in value if isinstance(value, str) else -(2**63) <= value < 2**63
