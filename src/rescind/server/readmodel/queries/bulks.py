"""Bulk cancellations: lists of them, one, and what came of each flow run that one has asked."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, or_, select, union_all

from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import BulkItemRow, BulkRow, Halt
from rescind.server.readmodel.queries.pages import Page, after, before, bounded, cursor_at, cut
from rescind.server.readmodel.storage.rows import bulk_of
from rescind.server.readmodel.storage.tables import (
    bulk_cancellations,
    bulk_items,
    flow_runs,
    halted,
)
from rescind.statemachine.edges import within
from rescind.statemachine.machine import BULK

__all__ = ["bulk_cancellation", "count_drafts", "list_bulk_items", "list_bulks", "names_of"]

_bulks: Final = bulk_cancellations.c
_items: Final = bulk_items.c
_ORDER: Final = (_bulks.created_ms, _bulks.bulk_id)
_STATES: Final = tuple(BULK.states())
_DRAFTS: Final = tuple(within(_STATES, {"Draft"}))
# SQLite takes no more than so many at once, of the releases that are still about.
_AT_ONCE: Final = 400
# Of a list that is mostly of others, for one page.
_LOOKED_THROUGH: Final = 2_000


def list_bulks(
    connection: Connection,
    states: Iterable[str] = (),
    within: Collection[str] | None = None,
    drafts_since_ms: int | None = None,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[BulkRow]:
    """Bulk cancellations, the latest first; of those of some states, as ``Finished``, alone.

    ``within``: of those that mean nothing outside of these namespaces; a page of them may be short
    or empty and still have a cursor. ``drafts_since_ms``: without states, only such drafts as are
    no older. Raises `CursorError` if the cursor is none of this list.
    """
    limit = bounded(limit)

    def some(count: int, cursor: str | None) -> Sequence[Row[Any]]:
        wanted = bulks_statement(states, count, cursor, drafts_since_ms)
        return connection.execute(wanted).all()

    if within is None:
        found, beyond = some(limit + 1, cursor), None
    else:
        found, beyond = _within(within, some, limit + 1, cursor)
    ids = [row.bulk_id for row in found]
    halts, told = _halts(connection, ids), _told_ms(connection, ids)
    page = cut(found, limit, _ORDER, lambda row: _row(row, halts, told))
    return page if page.cursor is not None else Page(page.items, beyond)


def _within(
    within: Collection[str],
    some: Callable[[int, str | None], Sequence[Row[Any]]],
    count: int,
    cursor: str | None,
) -> tuple[Sequence[Row[Any]], str | None]:
    """Those that fit, and where to go on if the list goes on beyond what was looked through.

    What one means is in its record: those of others are read, and left out here.
    """
    found: list[Row[Any]] = []
    for _ in range(_LOOKED_THROUGH // _AT_ONCE):
        rows = some(_AT_ONCE, cursor)
        found += [row for row in rows if _is_within(bulk_of(row).where.namespaces, within)]
        cursor = cursor_at(rows[-1], _ORDER) if len(rows) == _AT_ONCE else None
        if cursor is None or len(found) >= count:
            break
    return found[:count], cursor


def _is_within(meant: Collection[str], within: Collection[str]) -> bool:
    return bool(meant) and set(meant) <= set(within)


def bulks_statement(
    states: Iterable[str], count: int, cursor: str | None, drafts_since_ms: int | None = None
) -> Select[Any]:
    """The statement behind `list_bulks`."""
    newest = [column.desc() for column in _ORDER]
    conditions = before(_ORDER, cursor)
    wanted = set(states)
    if not wanted:
        if drafts_since_ms is not None:
            conditions.append(
                or_(_bulks.state.not_in(_DRAFTS), _bulks.created_ms >= drafts_since_ms)
            )
        return select(bulk_cancellations).where(*conditions).order_by(*newest).limit(count)
    # Each state has its own run of the index: a few of each, and the latest of those.
    of_each = [
        select(bulk_cancellations)
        .where(_bulks.state == state, *conditions)
        .order_by(*newest)
        .limit(count)
        .subquery()
        for state in within(_STATES, wanted) or ("",)
    ]
    every = union_all(*[select(one) for one in of_each]).subquery()
    return select(every).order_by(every.c.created_ms.desc(), every.c.bulk_id.desc()).limit(count)


def count_drafts(connection: Connection, before_ms: int) -> int:
    """How many drafts are older than that."""
    those = _bulks.state.in_(_DRAFTS), _bulks.created_ms < before_ms
    return connection.execute(select(func.count()).where(*those)).scalar_one()


def names_of(
    connection: Connection, flow_run_ids: Collection[str], within: Collection[str] | None = None
) -> dict[str, str]:
    """The names of these flow runs, of those that are known, and in one of these namespaces."""
    known = flow_runs.c
    wanted = select(known.flow_run_id, known.name)
    wanted = wanted.where(known.flow_run_id.in_([plain(one) for one in flow_run_ids]))
    if within is not None:
        wanted = wanted.where(known.namespace.in_([plain(one) for one in within]))
    rows = connection.execute(wanted)
    return {row.flow_run_id: row.name for row in rows}


def bulk_cancellation(connection: Connection, bulk_id: str) -> BulkRow | None:
    """One, also if the service has forgotten it; None: the journal has none."""
    rows = connection.execute(
        select(bulk_cancellations).where(_bulks.bulk_id == plain(bulk_id))
    ).all()
    ids = [row.bulk_id for row in rows]
    halts, told = _halts(connection, ids), _told_ms(connection, ids)
    return next((_row(row, halts, told) for row in rows), None)


def list_bulk_items(
    connection: Connection,
    bulk_id: str,
    outcome: str | None = None,
    within: Collection[str] | None = None,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[BulkItemRow]:
    """What came of each flow run, in the order in which they were asked.

    ``within``: what a flow run is now is told if it is in one of these namespaces. Raises
    `CursorError` if the cursor is none of this list.
    """
    limit = bounded(limit)
    wanted = items_statement(bulk_id, outcome, limit + 1, cursor, within)
    rows = connection.execute(wanted).all()
    return cut(rows, limit, (_items.number,), _item)


def items_statement(
    bulk_id: str,
    outcome: str | None,
    count: int,
    cursor: str | None,
    within: Collection[str] | None = None,
) -> Select[Any]:
    """The statement behind `list_bulk_items`; flow runs are as they are now."""
    order = (_items.number,)
    conditions = [_items.bulk_id == plain(bulk_id), *after(order, cursor)]
    if outcome is not None:
        conditions.append(_items.outcome == plain(outcome))
    of_item = flow_runs.c.flow_run_id == _items.flow_run_id
    if within is not None:
        # A later life of the same id may be elsewhere.
        of_item &= flow_runs.c.namespace.in_([plain(one) for one in within])
    return (
        select(bulk_items, flow_runs.c.name, flow_runs.c.state)
        .outerjoin_from(bulk_items, flow_runs, of_item)
        .where(*conditions)
        .order_by(*order)
        .limit(count)
    )


def _halts(connection: Connection, bulk_ids: Collection[str]) -> dict[str, Halt]:
    standing = halted.c
    rows = connection.execute(
        select(standing.stream_id, standing.partition, standing.offset, standing.error).where(
            standing.stream_kind == StreamKind.BULK.value, standing.stream_id.in_(bulk_ids)
        )
    )
    return {row.stream_id: Halt(row.partition, row.offset, row.error) for row in rows}


def _told_ms(connection: Connection, bulk_ids: Sequence[str]) -> dict[str, int]:
    """When each was last told of a flow run that it has asked; none has, and it is not there."""
    found: dict[str, int] = {}
    for first in range(0, len(bulk_ids), _AT_ONCE):
        told = connection.execute(told_statement(bulk_ids[first : first + _AT_ONCE]))
        found |= {row.bulk_id: row.at_ms for row in told if row.at_ms is not None}
    return found


def told_statement(bulk_ids: Collection[str]) -> Select[Any]:
    """By the last item of each: by pairs of keys SQLite would look through the items of all."""
    last = select(_items.at_ms).where(_items.bulk_id == _bulks.bulk_id)
    last = last.order_by(_items.number.desc()).limit(1)
    told = last.scalar_subquery().label("at_ms")
    return select(_bulks.bulk_id, told).where(_bulks.bulk_id.in_(bulk_ids))


def _row(row: Row[Any], halts: dict[str, Halt], told: dict[str, int]) -> BulkRow:
    return BulkRow(
        bulk_of(row),
        row.since_ms,
        row.since_asked,
        told.get(row.bulk_id),
        row.forgotten_ms,
        halts.get(row.bulk_id),
    )


def _item(row: Row[Any]) -> BulkItemRow:
    return BulkItemRow(
        row.number, row.flow_run_id, row.outcome, row.event_id, row.at_ms, row.name, row.state
    )
