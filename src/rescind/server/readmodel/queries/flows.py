"""Flow runs: lists of them, counts, and one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    union_all,
)

from rescind.events.states import FlowState
from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import FlowRunDetails, FlowRunRow, Halt
from rescind.server.readmodel.queries.cancelling import body_state
from rescind.server.readmodel.queries.late import late_reports
from rescind.server.readmodel.queries.pages import Page, after, before, bounded, cut
from rescind.server.readmodel.queries.runners import concerned_by, whether_they_interrupt
from rescind.server.readmodel.queries.tasks import task_groups
from rescind.server.readmodel.storage.rows import flow_of
from rescind.server.readmodel.storage.tables import flow_labels, flow_runs, halted
from rescind.statemachine.edges import within
from rescind.statemachine.machine import FLOW
from rescind.statemachine.records import public_flow

__all__ = [
    "FlowFilter",
    "Life",
    "count_flows",
    "flow_row",
    "flow_run",
    "list_flows",
    "list_stuck",
    "namespaces",
    "present_life",
    "states_within",
]

_flows: Final = flow_runs.c
_SHOWN: Final = (
    *(_flows.flow_run_id, _flows.registered_ms, _flows.stuck_from_ms, _flows.forgotten_ms),
    *(_flows.record, _flows.counts),
)
_STATES: Final = tuple(FLOW.states())


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFilter:
    """Which flow runs are wanted; what is empty is not asked.

    Attributes:
        states: as ``Running``, with all that lies in it.
        text: what the id or the name has in it, in capitals or not.
        registered_from_ms, registered_before_ms: a span of time, its end not in it.
        within: the namespaces that whoever asks may see; None: all.

    """

    states: tuple[str, ...] = ()
    name: str | None = None
    namespace: str | None = None
    parent_flow_run_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    text: str | None = None
    registered_from_ms: int | None = None
    registered_before_ms: int | None = None
    within: tuple[str, ...] | None = None


def states_within(names: Iterable[str]) -> list[str]:
    """The states of flow runs that are one of these or lie in one; nothing for an unknown name."""
    return within(_STATES, set(names))


def list_flows(
    connection: Connection, wanted: FlowFilter, *, limit: int, cursor: str | None = None
) -> Page[FlowRunRow]:
    """Flow runs, the latest registration first.

    Raises `CursorError` if the cursor is none of this list.
    """
    limit = bounded(limit)
    rows = connection.execute(flows_statement(wanted, limit + 1, cursor)).all()
    halts = _halts(connection, [row.flow_run_id for row in rows])
    order = (_flows.registered_ms, _flows.flow_run_id)
    return cut(rows, limit, order, lambda row: _row(row, halts))


def flows_statement(wanted: FlowFilter, count: int, cursor: str | None) -> Select[Any]:
    """The statement behind `list_flows`: one index gives the order, and the rest is looked at."""
    if wanted.labels:
        return _by_label(wanted, count, cursor)
    order = (_flows.registered_ms, _flows.flow_run_id)
    conditions = [*_conditions(wanted), *before(order, cursor)]
    newest = [column.desc() for column in order]
    if not wanted.states:
        return select(*_SHOWN).where(*conditions).order_by(*newest).limit(count)
    # Each state has its own run of the index: a few of each, and the latest of those.
    of_each = [
        select(*_SHOWN)
        .where(_flows.state == state, *conditions)
        .order_by(*newest)
        .limit(count)
        .subquery()
        for state in states_within(wanted.states) or ("",)
    ]
    every = union_all(*[select(one) for one in of_each]).subquery()
    return (
        select(every)
        .order_by(every.c.registered_ms.desc(), every.c.flow_run_id.desc())
        .limit(count)
    )


def _by_label(wanted: FlowFilter, count: int, cursor: str | None) -> Select[Any]:
    (key, value), *others = wanted.labels.items()
    first = flow_labels.c
    order = (first.registered_ms, first.flow_run_id)
    statement = (
        select(*_SHOWN)
        .join_from(flow_labels, flow_runs, first.flow_run_id == _flows.flow_run_id)
        .where(first.key == plain(key), first.value == plain(value))
        .where(*_conditions(wanted), *before(order, cursor))
    )
    if wanted.states:
        statement = statement.where(_flows.state.in_(states_within(wanted.states)))
    for other_key, other_value in others:
        statement = statement.where(_has_label(first.flow_run_id, other_key, other_value))
    return statement.order_by(*[column.desc() for column in order]).limit(count)


def _has_label(flow_run_id: ColumnElement[str], key: str, value: str) -> ColumnElement[bool]:
    other = flow_labels.alias()
    this = (other.c.flow_run_id == flow_run_id, other.c.key == plain(key))
    return select(other.c.key).where(*this, other.c.value == plain(value)).exists()


def _conditions(wanted: FlowFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.name is not None:
        conditions.append(_flows.name == plain(wanted.name))
    if wanted.namespace is not None:
        conditions.append(_flows.namespace == plain(wanted.namespace))
    conditions += _seen(wanted.within)
    if wanted.parent_flow_run_id is not None:
        conditions.append(_flows.parent_flow_run_id == plain(wanted.parent_flow_run_id))
    if wanted.registered_from_ms is not None:
        conditions.append(_flows.registered_ms >= wanted.registered_from_ms)
    if wanted.registered_before_ms is not None:
        conditions.append(_flows.registered_ms < wanted.registered_before_ms)
    if wanted.text:
        text = plain(wanted.text).lower()
        either = (_flows.flow_run_id, _flows.name)
        found = [func.lower(column).contains(text, autoescape=True) for column in either]
        conditions.append(or_(*found))
    return conditions


def _labelled(wanted: FlowFilter) -> list[ColumnElement[bool]]:
    return [_has_label(_flows.flow_run_id, *label) for label in wanted.labels.items()]


def _without_index(conditions: Sequence[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """The same, so that no index is taken for them: what is stuck is few, whatever else it is.

    SQLite keeps no account of what is in a table. It would go by the state, say, through all that
    runs, and sort what is left.
    """
    return [func.coalesce(and_(*conditions), false())] if conditions else []


def _seen(within: Collection[str] | None) -> list[ColumnElement[bool]]:
    """What of everything somebody may see who is held to these namespaces."""
    return [] if within is None else [_flows.namespace.in_([plain(one) for one in within])]


def list_stuck(
    connection: Connection,
    now_ms: int,
    wanted: FlowFilter,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[FlowRunRow]:
    """Of these flow runs those that somebody should look at, the longest stuck first."""
    limit = bounded(limit)
    rows = connection.execute(stuck_statement(now_ms, wanted, limit + 1, cursor)).all()
    halts = _halts(connection, [row.flow_run_id for row in rows])
    order = (_flows.stuck_from_ms, _flows.flow_run_id)
    return cut(rows, limit, order, lambda row: _row(row, halts))


def stuck_statement(now_ms: int, wanted: FlowFilter, count: int, cursor: str | None) -> Select[Any]:
    order = (_flows.stuck_from_ms, _flows.flow_run_id)
    fits = [*_conditions(wanted), *_labelled(wanted)]
    if wanted.states:
        fits.append(_flows.state.in_(states_within(wanted.states)))
    conditions = [_flows.stuck_from_ms < now_ms, *_without_index(fits), *after(order, cursor)]
    return select(*_SHOWN).where(*conditions).order_by(*order).limit(count)


def count_flows(
    connection: Connection, wanted: FlowFilter, stuck_by_ms: int | None = None
) -> dict[str, int]:
    """How many flow runs are in which state, with what the service has forgotten.

    States that the filter names are not looked at: the counts are by state. ``stuck_by_ms``: only
    of those that are stuck then.
    """
    fits = [*_conditions(wanted), *_labelled(wanted)]
    if stuck_by_ms is not None:
        fits = [_flows.stuck_from_ms < stuck_by_ms, *_without_index(fits)]
    counted = select(_flows.state, func.count()).where(*fits)
    rows = connection.execute(counted.group_by(_flows.state))
    return {row[0]: row[1] for row in rows}


def namespaces(
    connection: Connection, within: Collection[str] | None = None, *, limit: int
) -> tuple[str, ...]:
    """The namespaces in which there are flow runs, from the first on."""
    # From one to the next, each a look into the index: DISTINCT would walk through all of it.
    seen = _seen(within)
    first = select(func.min(_flows.namespace).label("name")).where(*seen).cte(recursive=True)
    beyond = select(func.min(_flows.namespace)).where(_flows.namespace > first.c.name, *seen)
    each = first.union_all(select(beyond.scalar_subquery()).where(first.c.name.is_not(None)))
    found = select(each.c.name).where(each.c.name.is_not(None)).limit(limit)
    return tuple(connection.execute(found).scalars())


class Life(NamedTuple):
    """Where the flow run is that has an id now, and the offset in the journal at which it began."""

    namespace: str
    since: int


def present_life(connection: Connection, flow_run_id: str) -> Life | None:
    """None: the journal has none."""
    this = _flows.flow_run_id == plain(flow_run_id)
    shown = select(_flows.namespace, _flows.registered_offset).where(this)
    row = connection.execute(shown).one_or_none()
    return None if row is None else Life(row.namespace, row.registered_offset)


def flow_run(connection: Connection, flow_run_id: str) -> FlowRunDetails | None:
    """One flow run, also if the service has forgotten it; None: the journal has none."""
    this = _flows.flow_run_id == plain(flow_run_id)
    row = connection.execute(select(*_SHOWN, _flows.partition).where(this)).one_or_none()
    if row is None:
        return None
    flow = flow_of(row)
    late = late_reports(connection, flow_run_id)
    return FlowRunDetails(
        _row(row, _halts(connection, [flow_run_id])),
        task_groups(connection, flow_run_id, late.of_groups),
        body_state(connection, flow),
        whether_they_interrupt(connection, row.partition, concerned_by(flow)),
        late,
    )


def flow_row(connection: Connection, flow_run_id: str) -> FlowRunRow | None:
    """The same without a look at its task runs, however many they are."""
    this = _flows.flow_run_id == plain(flow_run_id)
    row = connection.execute(select(*_SHOWN).where(this)).one_or_none()
    return None if row is None else _row(row, _halts(connection, [flow_run_id]))


def _halts(connection: Connection, flow_run_ids: Collection[str]) -> dict[str, Halt]:
    columns = halted.c
    these = columns.stream_kind == StreamKind.FLOW.value, columns.stream_id.in_(flow_run_ids)
    rows = connection.execute(select(halted).where(*these))
    return {row.stream_id: Halt(row.partition, row.offset, row.error) for row in rows}


def _row(row: Row[Any], halts: Mapping[str, Halt]) -> FlowRunRow:
    flow = flow_of(row)
    return FlowRunRow(
        FlowState.model_validate_json(public_flow(flow)),
        flow.pending,
        flow.running,
        row.forgotten_ms,
        halts.get(row.flow_run_id),
    )
