"""`Listing`: the rows of a list, page after page as they are wanted."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from rescind.client.answers import PageOf
from rescind.client.blocking.carrier import Carrier
from rescind.client.core.core import PageAt

__all__ = ["Listing"]

T = TypeVar("T")


class Listing(Generic[T]):
    """Iterate over its rows. Nothing is asked before that, and each iteration asks anew."""

    def __init__(self, carrier: Carrier, page_at: PageAt[T], cursor: str | None) -> None:
        self._carrier = carrier
        self._page_at = page_at
        self._cursor = cursor

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[PageOf[T]]:
        """Page by page, each with the cursor of the next one."""
        cursor = self._cursor
        while True:
            page = self._carrier.do(self._page_at(cursor))
            yield page
            cursor = page.cursor
            if cursor is None:
                return
