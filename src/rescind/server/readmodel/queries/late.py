"""Reports that came when what they are about was over: each is kept, and no state moves by it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, distinct, func, select

from rescind.errors import JournalError
from rescind.events.journal import Entry, FlowLateReport, TaskLateReport
from rescind.events.words import How
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import LateReport, LateReports
from rescind.server.readmodel.storage.tables import IS_LATE, events, flow_runs, task_runs

__all__ = ["late_reports", "late_since", "late_statement"]

_FIRST: Final = 50

_events: Final = events.c
_flows: Final = flow_runs.c
_tasks: Final = task_runs.c
# Of an id with several lives, the last one's.
_IN_ITS_LIFE: Final = and_(
    _flows.flow_run_id == _events.stream_id,
    _flows.partition == _events.partition,
    _flows.registered_offset <= _events.offset,
)
_ITS_TASK: Final = and_(
    _tasks.flow_run_id == _events.stream_id, _tasks.task_run_id == _events.task_run_id
)
_FROM: Final = events.join(flow_runs, _IN_ITS_LIFE).outerjoin(task_runs, _ITS_TASK)


def late_reports(
    connection: Connection, flow_run_id: str, task_run_id: str | None = None
) -> LateReports:
    """Those of a flow run and all its task runs, or of one task run."""
    groups = connection.execute(_grouped(flow_run_id, task_run_id)).all()
    if not groups:
        return LateReports(0, {}, 0, ())
    rows = connection.execute(late_statement(flow_run_id, task_run_id, _FIRST)).all()
    of_tasks = [row for row in groups if row.kind not in {None, "body"}]
    return LateReports(
        sum(row.of for row in groups),
        {
            (row.name, row.state, None if row.how is None else How(row.how)): row.of
            for row in of_tasks
        },
        sum(row.unconfirmed for row in of_tasks),
        tuple(found for row in rows if (found := _report(row)) is not None),
    )


def late_since(
    connection: Connection, flow_run_id: str, task_run_id: str | None = None, *, since_ms: int
) -> int:
    """How many of them have come from this moment on."""
    late = [*_conditions(flow_run_id, task_run_id), _events.at_ms >= since_ms]
    return connection.execute(select(func.count()).select_from(_FROM).where(*late)).scalar_one()


def late_statement(flow_run_id: str, task_run_id: str | None, count: int) -> Select[Any]:
    shown = (
        *(_events.at_ms, _events.value, _tasks.kind),
        func.coalesce(_tasks.state, _flows.state).label("state"),
        _tasks.how,
        func.coalesce(_tasks.finished_ms, _flows.finished_ms).label("finished_ms"),
    )
    late = _conditions(flow_run_id, task_run_id)
    order = (_events.partition, _events.offset)
    return select(*shown).select_from(_FROM).where(*late).order_by(*order).limit(count)


def _grouped(flow_run_id: str, task_run_id: str | None) -> Select[Any]:
    kinds = (_tasks.name, _tasks.state, _tasks.how, _tasks.kind)
    # One that was late already before it was over is of an attempt before the last one.
    has_ended = and_(_tasks.unconfirmed_ms.is_not(None), _events.at_ms >= _tasks.finished_ms)
    unconfirmed = func.count(distinct(case((has_ended, _tasks.task_run_id))))
    return (
        select(*kinds, func.count().label("of"), unconfirmed.label("unconfirmed"))
        .select_from(_FROM)
        .where(*_conditions(flow_run_id, task_run_id))
        .group_by(*kinds)
    )


def _conditions(flow_run_id: str, task_run_id: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [IS_LATE, _events.stream_id == plain(flow_run_id)]
    if task_run_id is not None:
        conditions.append(_events.task_run_id == plain(task_run_id))
    return conditions


def _report(row: Row[Any]) -> LateReport | None:
    try:
        entry = Entry.from_json(row.value or b"")
    except JournalError:
        # It is in the timeline, as it is and with the reason.
        return None
    said = entry.event
    assert isinstance(said, TaskLateReport | FlowLateReport)
    return LateReport(
        row.at_ms,
        entry.task_run_id,
        entry.attempt,
        said,
        row.kind == "body",
        row.state,
        None if row.how is None else How(row.how),
        row.finished_ms,
    )
