"""The rows of bulk cancellations that a stretch has moved, and of what came of flow runs."""

from typing import Any, Final

from sqlalchemy import Connection, delete, insert

from rescind.server.readmodel.projecting.changing import change, values
from rescind.server.readmodel.projecting.folding import Fold
from rescind.server.readmodel.storage.many import run_many
from rescind.server.readmodel.storage.rows import bulk_row
from rescind.server.readmodel.storage.tables import bulk_cancellations, bulk_items

__all__ = ["store_bulks"]

_KEY: Final = ("bulk_id",)
_CHANGES: Final = ("state", "finished_ms", "record")
_SINCE: Final = ("since_ms", "since_asked")
_new: Final = insert(bulk_cancellations)
_new_item: Final = insert(bulk_items)
_change: Final = change(bulk_cancellations, _KEY, _CHANGES)
_change_since: Final = change(bulk_cancellations, _KEY, _SINCE)
_forget: Final = change(bulk_cancellations, _KEY, ("forgotten_ms",))


def store_bulks(connection: Connection, fold: Fold, partition: int) -> None:
    """Write what a fold has changed, in the caller's transaction."""
    bulks = fold.bulks
    made: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for bulk_id, bulk in bulks.moved().items():
        row = bulk_row(bulk, partition)
        if bulk_id not in bulks.new:
            changed.append(values(row, _KEY, _CHANGES))
            continue
        if bulk_id in fold.known.forgotten_bulks:
            _take_away(connection, bulk_id)
        made.append(row)
    run_many(connection, _new, made)
    run_many(connection, _change, changed)
    since = [
        {"of_bulk_id": bulk_id, "since_ms": at_ms, "since_asked": asked}
        for bulk_id, (at_ms, asked) in bulks.since.items()
    ]
    run_many(connection, _change_since, since)
    run_many(connection, _new_item, bulks.items)
    forgotten = [
        {"of_bulk_id": bulk_id, "forgotten_ms": at_ms} for bulk_id, at_ms in bulks.forgotten.items()
    ]
    run_many(connection, _forget, forgotten)


def _take_away(connection: Connection, bulk_id: str) -> None:
    """What is left of an earlier life, of which only its events remain."""
    for table in (bulk_items, bulk_cancellations):
        connection.execute(delete(table).where(table.c.bulk_id == bulk_id))
