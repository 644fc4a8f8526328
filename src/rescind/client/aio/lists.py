"""`AsyncListing`: the rows of a list, page after page as they are wanted."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from rescind.client.aio.carrier import AsyncCarrier
from rescind.client.answers import PageOf
from rescind.client.core.core import PageAt

__all__ = ["AsyncListing"]

T = TypeVar("T")


class AsyncListing(Generic[T]):
    """Iterate over its rows. Nothing is asked before that, and each iteration asks anew."""

    def __init__(self, carrier: AsyncCarrier, page_at: PageAt[T], cursor: str | None) -> None:
        self._carrier = carrier
        self._page_at = page_at
        self._cursor = cursor

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for row in page.items:
                yield row

    async def pages(self) -> AsyncIterator[PageOf[T]]:
        """Page by page, each with the cursor of the next one."""
        cursor = self._cursor
        while True:
            page = await self._carrier.do(self._page_at(cursor))
            yield page
            cursor = page.cursor
            if cursor is None:
                return
