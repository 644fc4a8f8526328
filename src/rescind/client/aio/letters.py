"""`LetterMethods`: the methods of a client that are about dead letters."""

from rescind.client.aio.carrier import AsyncCarrier
from rescind.client.aio.lists import AsyncListing
from rescind.client.answers import DeadLetter, DeadLetterWhole, RetryAnswer
from rescind.client.core.letters import LetterCore

__all__ = ["LetterMethods"]


class LetterMethods:
    """What a client can do about dead letters; it has a carrier and a core for them."""

    _carrier: AsyncCarrier
    _letters: LetterCore

    def list_dead_letters(
        self, *, page_size: int = 50, cursor: str | None = None
    ) -> AsyncListing[DeadLetter]:
        """Dead letters, the latest first; at most 200 in a page."""
        return AsyncListing(self._carrier, self._letters.list(page_size), cursor)

    async def show_dead_letter(self, place: str) -> DeadLetterWhole:
        """One, with its bytes. Raises `LetterNotFoundError`."""
        return await self._carrier.do(self._letters.show(place))

    async def retry_dead_letter(self, place: str) -> RetryAnswer:
        """Ask the same once more, as it came. It is sent once, whatever becomes of the answer.

        Raises `LetterNotFoundError`, and `CancelRefusedError` if it cannot be asked again.
        """
        return await self._carrier.do(self._letters.retry(place))
