"""The children of a flow run, as its own stream has them, each with its state as it is now."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, select

from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import ChildRow, Family
from rescind.server.readmodel.storage.rows import flow_of, task_of
from rescind.server.readmodel.storage.tables import IS_CHILD, flow_runs, task_runs
from rescind.statemachine.cascades import is_awaited, policy_of
from rescind.statemachine.edges import is_running
from rescind.statemachine.runs import ChildLine, FlowRun, TaskRun

__all__ = [
    "LISTED_MAX",
    "NO_FAMILY",
    "child_row",
    "children_held",
    "children_in",
    "children_of",
    "family_of",
]

LISTED_MAX: Final = 100
"""A parent may have 10,000, and nobody reads them all; those that go on come first."""

NO_FAMILY: Final = Family((), 0)

_tasks: Final = task_runs.c


def family_of(connection: Connection, flow: FlowRun) -> Family:
    """The children that have a grant or had one, those that have not ended first."""
    wanted = family_statement(flow.flow_run_id)
    tasks = [task_of(row) for row in connection.execute(wanted.limit(LISTED_MAX))]
    if not tasks:
        return NO_FAMILY
    total = len(tasks)
    if total == LISTED_MAX:
        every = wanted.with_only_columns(func.count()).order_by(None)
        total = connection.execute(every).scalar_one()
    lines = [(task, task.child) for task in tasks if task.child is not None]
    states = _states(connection, flow.namespace, [line.flow_run_id for _, line in lines])
    rows = (
        child_row(flow, task, line, states.get(plain(line.flow_run_id))) for task, line in lines
    )
    return Family(tuple(rows), total)


def family_statement(flow_run_id: str) -> Select[Any]:
    """All that have a grant or had one."""
    return (
        select(_tasks.record)
        .where(*children_in(flow_run_id), _tasks.started_ms.is_not(None))
        .order_by(_tasks.finished_ms.is_not(None), _tasks.registered_offset)
    )


def children_in(flow_run_id: str) -> tuple[ColumnElement[bool], ...]:
    """The condition of the task runs of a flow run that stand for children."""
    return (_tasks.flow_run_id == plain(flow_run_id), IS_CHILD)


def children_of(connection: Connection, flow_run_id: str) -> Family:
    """Its children, also if the service has forgotten it."""
    flows = flow_runs.c
    wanted = select(flows.record, flows.counts).where(flows.flow_run_id == plain(flow_run_id))
    row = connection.execute(wanted).one_or_none()
    return NO_FAMILY if row is None else family_of(connection, flow_of(row))


def child_row(flow: FlowRun, task: TaskRun, line: ChildLine, state: str | None) -> ChildRow:
    """What the task run that stands for a child says of it; ``state``: its own, if that is known.

    ``line`` is the one of that task run.
    """
    is_open = is_running(task.state)
    return ChildRow(
        flow_run_id=line.flow_run_id,
        task_run_id=task.task_run_id,
        policy=policy_of(flow, task),
        state=task.state if state is None else state,
        is_open=is_open,
        is_waited_for=is_open and flow.end is None and is_awaited(flow, task),
        cancel_sent=line.cancel_sent is not None,
    )


def children_held(connection: Connection, flow: FlowRun) -> dict[str, int]:
    """How many children of it each runner holds: those are stopped by runners of their own."""
    if not flow.children:
        return {}
    counted = connection.execute(held_statement(flow.flow_run_id))
    return {row[0]: row[1] for row in counted if row[0] is not None}


def held_statement(flow_run_id: str) -> Select[Any]:
    """How many each runner holds, and how many nobody does.

    Of those that are held alone, a database may go through all that every runner holds.
    """
    these = children_in(flow_run_id)
    return select(_tasks.held_by, func.count()).where(*these).group_by(_tasks.held_by)


def _states(connection: Connection, namespace: str, ids: Collection[str]) -> dict[str, str]:
    """Of those in its own namespace: whoever may see this one may not see all of the others."""
    columns = flow_runs.c
    these = (
        columns.flow_run_id.in_([plain(one) for one in ids]),
        columns.namespace == plain(namespace),
    )
    found = connection.execute(select(columns.flow_run_id, columns.state).where(*these))
    return {row.flow_run_id: row.state for row in found}
