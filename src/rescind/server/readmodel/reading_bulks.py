"""`BulkReading`: the questions about bulk cancellations; `reading` has the rest and the rule."""

from collections.abc import Collection, Iterable
from functools import partial

from rescind.server.readmodel.asking import Asking
from rescind.server.readmodel.queries import bulks
from rescind.server.readmodel.queries.answers import BulkItemRow, BulkRow
from rescind.server.readmodel.queries.pages import Page

__all__ = ["BulkReading"]

_LIMIT = 50


class BulkReading(Asking):
    """Questions that block, as all of them."""

    def bulk_cancellations(
        self,
        states: Iterable[str] = (),
        within: Collection[str] | None = None,
        *,
        drafts_since_ms: int | None = None,
        limit: int = _LIMIT,
        cursor: str | None = None,
    ) -> Page[BulkRow]:
        """Bulk cancellations, the latest first.

        ``within``: only those that mean nothing outside of these namespaces; None: all. A page of
        them may be empty and still have a cursor: of very many only some are looked through.
        ``drafts_since_ms``: without states, only such drafts as are no older.
        """
        asked = partial(bulks.list_bulks, states=tuple(states), drafts_since_ms=drafts_since_ms)
        return self._ask(partial(asked, within=within, limit=limit, cursor=cursor))

    def count_drafts(self, before_ms: int) -> int:
        """How many bulk cancellations are drafts that are older than that."""
        return self._ask(partial(bulks.count_drafts, before_ms=before_ms))

    def names_of(
        self, flow_run_ids: Collection[str], within: Collection[str] | None = None
    ) -> dict[str, str]:
        """The names of these flow runs, of those that are known, and in one of these namespaces."""
        return self._ask(partial(bulks.names_of, flow_run_ids=flow_run_ids, within=within))

    def bulk_cancellation(self, bulk_id: str) -> BulkRow | None:
        """One of them; None: the journal has none."""
        return self._ask(partial(bulks.bulk_cancellation, bulk_id=bulk_id))

    def bulk_items(
        self,
        bulk_id: str,
        outcome: str | None = None,
        within: Collection[str] | None = None,
        *,
        limit: int = _LIMIT,
        cursor: str | None = None,
    ) -> Page[BulkItemRow]:
        """What came of each flow run that it has asked, in the order in which they were.

        ``within``: what a flow run is now is told if it is in one of these; None: of all.
        """
        asked = partial(bulks.list_bulk_items, bulk_id=bulk_id, outcome=outcome, within=within)
        return self._ask(partial(asked, limit=limit, cursor=cursor))
