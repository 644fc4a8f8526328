"""The journal itself: of a stream, all of it, from some positions on, and what went wrong."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select, union_all

from rescind.events.refusals import Code
from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import JournalEvent
from rescind.server.readmodel.queries.pages import Page, after, before, bounded, cut
from rescind.server.readmodel.storage.tables import events

__all__ = [
    "DEAD_LETTERS",
    "events_after",
    "flow_events",
    "list_journal",
    "list_not_folded",
    "list_refused",
    "timeline",
]

DEAD_LETTERS: Final = (Code.UNREADABLE.value, Code.INTERNAL_ERROR.value)
"""The refusals whose requests are in the topic of dead letters."""

_events: Final = events.c
_PLACE: Final = (_events.partition, _events.offset)
_MOMENT: Final = (_events.at_ms, *_PLACE)


def timeline(
    connection: Connection,
    kind: StreamKind,
    stream_id: str,
    *,
    task_run_id: str | None = None,
    since: int = 0,
    limit: int,
    cursor: str | None = None,
) -> Page[JournalEvent]:
    """What happened to one stream, or to one task run of it, as it happened.

    Of a flow run whose id has had several lives, all of them; ``since``: from that offset on, of a
    stream that lies in one partition. Raises `CursorError`.
    """
    limit = bounded(limit)
    statement = timeline_statement(kind, stream_id, task_run_id, limit + 1, cursor)
    if since:
        statement = statement.where(_events.offset >= since)
    return cut(connection.execute(statement).all(), limit, _PLACE, _event)


def timeline_statement(
    kind: StreamKind, stream_id: str, task_run_id: str | None, count: int, cursor: str | None
) -> Select[Any]:
    conditions = [
        _events.stream_kind == kind.value,
        _events.stream_id == plain(stream_id),
        *after(_PLACE, cursor),
    ]
    if task_run_id is not None:
        conditions.append(_events.task_run_id == plain(task_run_id))
    return select(events).where(*conditions).order_by(*_PLACE).limit(count)


def flow_events(
    connection: Connection,
    flow_run_id: str,
    types: Iterable[str],
    *,
    since: int = 0,
    limit: int,
    newest_first: bool = False,
) -> list[JournalEvent]:
    """Events of these types about a flow run as a whole: none about a task run of it."""
    # However many task runs it has: that there is none is in the index.
    conditions = [
        _events.stream_kind == StreamKind.FLOW.value,
        _events.stream_id == plain(flow_run_id),
        _events.task_run_id.is_(None),
        _events.type.in_(tuple(types)),
        _events.offset >= since,
    ]
    order = [column.desc() for column in _PLACE] if newest_first else _PLACE
    statement = select(events).where(*conditions).order_by(*order).limit(bounded(limit))
    return [_event(row) for row in connection.execute(statement)]


def list_journal(
    connection: Connection, *, limit: int, cursor: str | None = None
) -> Page[JournalEvent]:
    """The journal of all partitions, the latest first. Raises `CursorError`."""
    limit = bounded(limit)
    rows = connection.execute(journal_statement(limit + 1, cursor)).all()
    return cut(rows, limit, _MOMENT, _event)


def journal_statement(count: int, cursor: str | None) -> Select[Any]:
    newest = [column.desc() for column in _MOMENT]
    return select(events).where(*before(_MOMENT, cursor)).order_by(*newest).limit(count)


def events_after(
    connection: Connection,
    positions: Mapping[int, int],
    *,
    of: tuple[StreamKind, str] | None = None,
    limit: int,
) -> list[JournalEvent]:
    """What the journal has from these offsets on, of all or of one stream, partition by partition.

    Partitions that are not named give nothing. Whoever asks again says the offset after the last
    event of each partition.
    """
    limit = bounded(limit)
    found: list[JournalEvent] = []
    for partition, offset in sorted(positions.items()):
        statement = after_statement(partition, offset, of, limit - len(found))
        found += map(_event, connection.execute(statement))
        if len(found) >= limit:
            break
    return found


def after_statement(
    partition: int, offset: int, of: tuple[StreamKind, str] | None, count: int
) -> Select[Any]:
    conditions = [_events.partition == partition, _events.offset >= offset]
    if of is not None:
        kind, stream_id = of
        conditions += [_events.stream_kind == kind.value, _events.stream_id == plain(stream_id)]
    return select(events).where(*conditions).order_by(*_PLACE).limit(count)


def list_refused(
    connection: Connection,
    codes: Iterable[str] = DEAD_LETTERS,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[JournalEvent]:
    """Requests that were refused with one of these codes, the latest first.

    By default those whose bytes are in the topic of dead letters. Raises `CursorError`.
    """
    limit = bounded(limit)
    rows = connection.execute(refused_statement(codes, limit + 1, cursor)).all()
    return cut(rows, limit, _MOMENT, _event)


def refused_statement(codes: Iterable[str], count: int, cursor: str | None) -> Select[Any]:
    newest = [column.desc() for column in _MOMENT]
    # Each code has its own run of the index: a few of each, and the latest of those.
    of_each = [
        select(events)
        .where(_events.code == code, *before(_MOMENT, cursor))
        .order_by(*newest)
        .limit(count)
        .subquery()
        for code in dict.fromkeys(codes) or ("",)
    ]
    every = union_all(*[select(one) for one in of_each]).subquery()
    latest = (every.c.at_ms.desc(), every.c.partition.desc(), every.c.offset.desc())
    return select(every).order_by(*latest).limit(count)


def list_not_folded(
    connection: Connection, *, limit: int, cursor: str | None = None
) -> Page[JournalEvent]:
    """Records of the journal that are no events, or that no state allows, the latest first."""
    limit = bounded(limit)
    rows = connection.execute(not_folded_statement(limit + 1, cursor)).all()
    return cut(rows, limit, _MOMENT, _event)


def not_folded_statement(count: int, cursor: str | None) -> Select[Any]:
    conditions = [_events.error.is_not(None), *before(_MOMENT, cursor)]
    newest = [column.desc() for column in _MOMENT]
    return select(events).where(*conditions).order_by(*newest).limit(count)


def _event(row: Row[Any]) -> JournalEvent:
    return JournalEvent(
        row.partition,
        row.offset,
        row.at_ms,
        None if row.stream_kind is None else StreamKind(row.stream_kind),
        row.stream_id,
        row.task_run_id,
        row.type,
        row.code,
        row.value,
        row.error,
    )
