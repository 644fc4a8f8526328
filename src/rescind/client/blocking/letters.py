"""`LetterMethods`: the methods of a client that are about dead letters."""

from rescind.client.answers import DeadLetter, DeadLetterWhole, RetryAnswer
from rescind.client.blocking.carrier import Carrier
from rescind.client.blocking.lists import Listing
from rescind.client.core.letters import LetterCore

__all__ = ["LetterMethods"]


class LetterMethods:
    """What a client can do about dead letters; it has a carrier and a core for them."""

    _carrier: Carrier
    _letters: LetterCore

    def list_dead_letters(
        self, *, page_size: int = 50, cursor: str | None = None
    ) -> Listing[DeadLetter]:
        """Dead letters, the latest first; at most 200 in a page."""
        return Listing(self._carrier, self._letters.list(page_size), cursor)

    def show_dead_letter(self, place: str) -> DeadLetterWhole:
        """One, with its bytes. Raises `LetterNotFoundError`."""
        return self._carrier.do(self._letters.show(place))

    def retry_dead_letter(self, place: str) -> RetryAnswer:
        """Ask the same once more, as it came. It is sent once, whatever becomes of the answer.

        Raises `LetterNotFoundError`, and `CancelRefusedError` if it cannot be asked again.
        """
        return self._carrier.do(self._letters.retry(place))
