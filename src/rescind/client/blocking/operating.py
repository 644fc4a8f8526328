"""`OperatingMethods`: the methods of a client for who operates the service."""

from rescind.client.answers import DeadLetter, DeadLetterWhole, RetryAnswer, Runner, TaskState
from rescind.client.blocking.carrier import Carrier
from rescind.client.blocking.lists import Listing
from rescind.client.core.operating import OperatingCore

__all__ = ["OperatingMethods"]


class OperatingMethods:
    """Runners, what was not seen to stop, dead letters; it has a carrier and a core for them."""

    _carrier: Carrier
    _operating: OperatingCore

    def list_runners(self, *, page_size: int = 50, cursor: str | None = None) -> Listing[Runner]:
        """Runners by their ids, those that are gone among them for as long as they are known."""
        return Listing(self._carrier, self._operating.runners(page_size), cursor)

    def list_unconfirmed_task_runs(
        self, *, page_size: int = 50, cursor: str | None = None
    ) -> Listing[TaskState]:
        """Task runs that have ended without anybody having seen them stop, the latest first."""
        return Listing(self._carrier, self._operating.unconfirmed(page_size), cursor)

    def list_dead_letters(
        self, *, page_size: int = 50, cursor: str | None = None
    ) -> Listing[DeadLetter]:
        """Dead letters, the latest first; at most 100 in a page."""
        return Listing(self._carrier, self._operating.list(page_size), cursor)

    def show_dead_letter(self, place: str) -> DeadLetterWhole:
        """One, with its bytes. Raises `LetterNotFoundError`."""
        return self._carrier.do(self._operating.show(place))

    def retry_dead_letter(self, place: str) -> RetryAnswer:
        """Ask the same once more, as it came. It is sent once, whatever becomes of the answer.

        Raises `LetterNotFoundError`, and `CancelRefusedError` if it cannot be asked again.
        """
        return self._carrier.do(self._operating.retry(place))
