"""Task runs: of a flow run, of a runner, and those of which nobody has seen the stop."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from rescind.events.states import TaskState
from rescind.events.words import How
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import TaskGroup
from rescind.server.readmodel.queries.pages import Page, after, before, bounded, cut
from rescind.server.readmodel.storage.rows import task_of
from rescind.server.readmodel.storage.tables import flow_runs, task_runs
from rescind.statemachine.edges import within
from rescind.statemachine.machine import TASK
from rescind.statemachine.records import public_task

__all__ = [
    "count_tasks",
    "list_held",
    "list_tasks",
    "list_unconfirmed",
    "task_groups",
    "task_run",
    "task_states_within",
]

_tasks: Final = task_runs.c
_SHOWN: Final = (
    *(_tasks.flow_run_id, _tasks.task_run_id, _tasks.registered_offset, _tasks.unconfirmed_ms),
    *(_tasks.held_by, _tasks.record),
)
_STATES: Final = tuple(TASK.states())


def list_tasks(
    connection: Connection,
    flow_run_id: str,
    states: Iterable[str] = (),
    text: str | None = None,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[TaskState]:
    """Task runs of a flow run in the order of their registration, the body among them.

    States are as ``Running``, with all that lies in one. ``text``: what the id or the name has in
    it, in capitals or not. Raises `CursorError`.
    """
    limit = bounded(limit)
    statement = tasks_statement(flow_run_id, states, limit + 1, cursor, text)
    return cut(connection.execute(statement).all(), limit, (_tasks.registered_offset,), _state)


def tasks_statement(
    flow_run_id: str,
    states: Iterable[str],
    count: int,
    cursor: str | None,
    text: str | None = None,
) -> Select[Any]:
    order = (_tasks.registered_offset,)
    conditions = [*_those(flow_run_id, text), *after(order, cursor)]
    wanted = set(states)
    if wanted:
        conditions.append(_tasks.state.in_(task_states_within(wanted)))
    return select(*_SHOWN).where(*conditions).order_by(*order).limit(count)


def count_tasks(
    connection: Connection, flow_run_id: str, text: str | None = None
) -> dict[str, int]:
    """How many of its task runs that have this text are in which state, the body among them."""
    counted = select(_tasks.state, func.count()).where(*_those(flow_run_id, text))
    return {row[0]: row[1] for row in connection.execute(counted.group_by(_tasks.state))}


def task_states_within(names: Iterable[str]) -> list[str]:
    """The states of task runs that are one of these or lie in one; nothing for an unknown name."""
    return within(_STATES, set(names))


def _those(flow_run_id: str, text: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_tasks.flow_run_id == plain(flow_run_id)]
    if text:
        sought = plain(text).lower()
        either = (_tasks.task_run_id, _tasks.name)
        found = [func.lower(column).contains(sought, autoescape=True) for column in either]
        conditions.append(or_(*found))
    return conditions


def task_run(connection: Connection, flow_run_id: str, task_run_id: str) -> TaskState | None:
    this = _tasks.flow_run_id == plain(flow_run_id), _tasks.task_run_id == plain(task_run_id)
    row = connection.execute(select(*_SHOWN).where(*this)).one_or_none()
    return None if row is None else _state(row)


def task_groups(
    connection: Connection, flow_run_id: str, late: Mapping[tuple[str, str, How | None], int]
) -> tuple[TaskGroup, ...]:
    """The task runs of a flow run by name, state, and how they were cancelled; without the body.

    ``late``: how many late reports each of these has.
    """
    kinds = (_tasks.name, _tasks.state, _tasks.how)
    grouped = (
        select(
            *kinds,
            func.count().label("of"),
            func.count(_tasks.unconfirmed_ms).label("unconfirmed"),
            func.min(_tasks.started_ms).label("started_ms"),
            func.max(_tasks.finished_ms).label("finished_ms"),
        )
        .where(_tasks.flow_run_id == plain(flow_run_id), _tasks.kind != "body")
        .group_by(*kinds)
        .order_by(*kinds)
    )
    return tuple(
        TaskGroup(
            row.name,
            row.state,
            how := None if row.how is None else How(row.how),
            row.of,
            row.unconfirmed,
            # A grant that was given back is a time, and no start.
            None if row.how == How.NEVER_STARTED else row.started_ms,
            row.finished_ms,
            late.get((row.name, row.state, how), 0),
        )
        for row in connection.execute(grouped)
    )


def list_held(
    connection: Connection, runner_id: str, *, limit: int, cursor: str | None = None
) -> Page[TaskState]:
    """What a runner holds now, by flow run."""
    limit = bounded(limit)
    rows = connection.execute(held_statement(runner_id, limit + 1, cursor)).all()
    return cut(rows, limit, (_tasks.flow_run_id, _tasks.task_run_id), _state)


def held_statement(runner_id: str, count: int, cursor: str | None) -> Select[Any]:
    order = (_tasks.flow_run_id, _tasks.task_run_id)
    held = _tasks.held_by == plain(runner_id)
    return select(*_SHOWN).where(held, *after(order, cursor)).order_by(*order).limit(count)


def list_unconfirmed(
    connection: Connection,
    within: Collection[str] | None = None,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[TaskState]:
    """Task runs that have ended without anybody having seen them stop, the latest first."""
    limit = bounded(limit)
    rows = connection.execute(unconfirmed_statement(limit + 1, cursor, within)).all()
    order = (_tasks.unconfirmed_ms, _tasks.flow_run_id, _tasks.task_run_id)
    return cut(rows, limit, order, _state)


def unconfirmed_statement(
    count: int, cursor: str | None, within: Collection[str] | None = None
) -> Select[Any]:
    order = (_tasks.unconfirmed_ms, _tasks.flow_run_id, _tasks.task_run_id)
    conditions = [_tasks.unconfirmed_ms.is_not(None), *before(order, cursor)]
    if within is not None:
        seen = flow_runs.c.namespace.in_([plain(one) for one in within])
        conditions.append(_tasks.flow_run_id.in_(select(flow_runs.c.flow_run_id).where(seen)))
    newest = [column.desc() for column in order]
    return select(*_SHOWN).where(*conditions).order_by(*newest).limit(count)


def _state(row: Row[Any]) -> TaskState:
    return TaskState.model_validate_json(public_task(task_of(row)))
