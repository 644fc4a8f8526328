"""The methods of `AsyncClient` about bulk cancellations."""

from collections.abc import Iterable

from rescind.client.aio.carrier import AsyncCarrier
from rescind.client.aio.lists import AsyncListing
from rescind.client.answers import BulkAnswer, BulkCancellation, BulkItem
from rescind.client.core.bulks import BulkCore, Where
from rescind.client.core.operations import CascadeWord, ModeWord

__all__ = ["BulkMethods"]


class BulkMethods:
    """What a client can do about bulk cancellations; it has a carrier and a core for them."""

    _carrier: AsyncCarrier
    _bulks: BulkCore

    async def create_bulk_cancellation(
        self,
        where: Where,
        *,
        reason: str = "",
        mode: ModeWord | None = None,
        grace_seconds: float | None = None,
        deadline_seconds: float | None = None,
        cascade: CascadeWord | None = None,
        runs_per_second: float | None = None,
        idempotency_key: str | None = None,
        answer_seconds: float = 10.0,
    ) -> BulkAnswer:
        """Describe one: ``where`` says which flow runs are meant, and the rest how each is to be
        cancelled. The service counts them; nothing is cancelled before it is started.
        """
        doing = self._bulks.create(
            where,
            reason=reason,
            mode=mode,
            grace_seconds=grace_seconds,
            deadline_seconds=deadline_seconds,
            cascade=cascade,
            runs_per_second=runs_per_second,
            idempotency_key=idempotency_key,
            answer_seconds=answer_seconds,
        )
        return await self._carrier.do(doing)

    async def start_bulk_cancellation(
        self, bulk_id: str, *, confirmed_count: int | None = None, answer_seconds: float = 10.0
    ) -> BulkAnswer:
        """Begin to cancel what was counted. Raises `ConfirmationNeededError` where it means many
        and ``confirmed_count`` is not at least so many.
        """
        step = self._bulks.step("start", bulk_id, answer_seconds, confirmed_count)
        return await self._carrier.do(step)

    async def pause_bulk_cancellation(
        self, bulk_id: str, *, answer_seconds: float = 10.0
    ) -> BulkAnswer:
        """Ask no further flow run for now. What was asked goes on."""
        return await self._carrier.do(self._bulks.step("pause", bulk_id, answer_seconds))

    async def resume_bulk_cancellation(
        self, bulk_id: str, *, answer_seconds: float = 10.0
    ) -> BulkAnswer:
        """Go on where it was paused."""
        return await self._carrier.do(self._bulks.step("resume", bulk_id, answer_seconds))

    async def stop_bulk_cancellation(
        self, bulk_id: str, *, answer_seconds: float = 10.0
    ) -> BulkAnswer:
        """Ask no further flow run, for good. What was asked goes on."""
        return await self._carrier.do(self._bulks.step("stop", bulk_id, answer_seconds))

    async def show_bulk_cancellation(self, bulk_id: str) -> BulkCancellation:
        """One: what it means, and how far it is. Raises `BulkNotFoundError`."""
        return await self._carrier.do(self._bulks.show(bulk_id))

    async def wait_until_counted(
        self, bulk_id: str, timeout_seconds: float | None = None
    ) -> BulkCancellation:
        """It when its flow runs have been counted. Raises `BulkNotThereError` if they have not in
        that time (None: however long it takes), `BulkNotFoundError` if nobody knows it.
        """
        return await self._carrier.do(self._bulks.counted(bulk_id, timeout_seconds))

    async def wait_until_bulk_finished(
        self, bulk_id: str, timeout_seconds: float | None = None
    ) -> BulkCancellation:
        """It when it has asked all, or was stopped. Raises as `wait_until_counted` does.

        What it has asked may still be on the way to its end.
        """
        return await self._carrier.do(self._bulks.finished(bulk_id, timeout_seconds))

    def list_bulk_cancellations(
        self, *, state: str | Iterable[str] = (), page_size: int = 50, cursor: str | None = None
    ) -> AsyncListing[BulkCancellation]:
        """Bulk cancellations, the latest first."""
        return AsyncListing(self._carrier, self._bulks.list(state, page_size), cursor)

    def list_bulk_items(
        self,
        bulk_id: str,
        *,
        outcome: str | None = None,
        page_size: int = 50,
        cursor: str | None = None,
    ) -> AsyncListing[BulkItem]:
        """What came of each flow run, in the order in which they were asked.

        ``outcome``: ``took_effect``, or the code of a refusal.
        """
        return AsyncListing(self._carrier, self._bulks.items(bulk_id, outcome, page_size), cursor)
