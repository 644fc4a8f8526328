"""What a stretch of the journal has changed of bulk cancellations, above the fold of the service.

The service keeps how many flow runs were asked; which ones, and what came of each, is in the events
alone, and becomes rows here.
"""

from typing import Any

from rescind.events.journal import (
    BulkCreated,
    BulkForgotten,
    BulkProgressed,
    BulkResumed,
    BulkStarted,
    Entry,
)
from rescind.server.readmodel.storage.rows import item_rows
from rescind.statemachine.draft import Draft
from rescind.statemachine.runs import Bulk

__all__ = ["BulkFold"]


class BulkFold:
    """Beside a draft, which it moves.

    Attributes:
        new: those that have no row yet.
        forgotten: those that were forgotten, with the time.
        since: when each was started or resumed last, and how many had been asked by then.
        items: the rows of what came of flow runs.

    """

    def __init__(self, draft: Draft) -> None:
        self.new = set[str]()
        self.forgotten: dict[str, int] = {}
        self.since: dict[str, tuple[int, int]] = {}
        self.items: list[dict[str, Any]] = []
        self._draft = draft
        self._parted: dict[str, Bulk] = {}

    def fold(self, entry: Entry) -> None:
        """Fold an event of one. Raises `NoTransitionError`."""
        bulk_id, event = entry.stream_id, entry.event
        before = self._draft.bulk(bulk_id)
        asked = 0 if before is None else before.tally.asked
        is_moved = bulk_id in self._draft.bulks
        self._draft.fold(entry)
        match event:
            case BulkCreated():
                self.new.add(bulk_id)
            case BulkStarted() | BulkResumed():
                self.since[bulk_id] = entry.at_ms, asked
            case BulkProgressed(items=items):
                self.items += item_rows(bulk_id, asked, items, entry.at_ms)
            case BulkForgotten() if before is not None and is_moved:
                self._parted[bulk_id] = before
            case _:
                pass

    def moved(self) -> dict[str, Bulk]:
        """Every one that was moved, as it was last."""
        living = {key: bulk for key, bulk in self._draft.bulks.items() if bulk is not None}
        return self._parted | living
