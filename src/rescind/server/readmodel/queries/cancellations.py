"""What has become of a cancellation: who is told, who is waited for, and how what has ended did."""

from typing import Final

from sqlalchemy import Connection, func, select

from rescind.events.states import FlowState
from rescind.events.words import How
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import CancelAccount, WaitedFor
from rescind.server.readmodel.queries.children import children_held, family_of
from rescind.server.readmodel.queries.late import late_since
from rescind.server.readmodel.queries.way import steps_taken, told_on_the_way
from rescind.server.readmodel.storage.rows import armed_of, flow_of, task_of
from rescind.server.readmodel.storage.tables import armed, flow_runs, task_runs
from rescind.statemachine.records import public_flow
from rescind.statemachine.runs import Armed, FlowRun

__all__ = ["armed_for", "cancel_account"]

_HELD_MAX: Final = 1_000
_NAMED_MAX: Final = 20


def cancel_account(connection: Connection, flow_run_id: str) -> CancelAccount | None:
    """The account of the cancellation of a flow run as it stands; None: there is none."""
    columns = flow_runs.c
    wanted = select(columns.record, columns.counts, columns.partition, columns.registered_offset)
    row = connection.execute(wanted.where(columns.flow_run_id == plain(flow_run_id))).one_or_none()
    if row is None:
        return None
    flow = flow_of(row)
    state = FlowState.model_validate_json(public_flow(flow))
    if state.cancellation is None:
        return None
    since = row.registered_offset
    warnings, teardowns = told_on_the_way(connection, flow_run_id, since)
    return CancelAccount(
        flow_run_id,
        flow.body_id,
        flow.state,
        state.cancellation,
        _ended(connection, flow_run_id),
        flow.tally.unconfirmed,
        flow.pending,
        _waited_for(connection, flow),
        steps_taken(connection, flow_run_id, row.partition, since),
        warnings,
        teardowns,
        family_of(connection, flow),
        late_since(connection, flow_run_id, since_ms=state.cancellation.asked_at),
    )


def _ended(connection: Connection, flow_run_id: str) -> dict[How, int]:
    columns = task_runs.c
    counted = (
        select(columns.how, func.count())
        .where(columns.flow_run_id == plain(flow_run_id), columns.how.is_not(None))
        .where(columns.kind != "body")
        .group_by(columns.how)
        .order_by(columns.how)
    )
    return {How(row[0]): row[1] for row in connection.execute(counted)}


def _waited_for(connection: Connection, flow: FlowRun) -> tuple[WaitedFor, ...]:
    cancellation = flow.cancellation
    assert cancellation is not None
    if flow.end is not None or not flow.holders:
        return ()
    children = children_held(connection, flow)
    said = _what_they_said(connection, flow)
    return tuple(
        WaitedFor(
            runner_id,
            held - children.get(runner_id, 0),
            runner_id in cancellation.told,
            runner_id in cancellation.acknowledged,
            *said.get(runner_id, (None, ())),
        )
        for runner_id, held in sorted(flow.holders.items())
        if held > children.get(runner_id, 0)
    )


def _what_they_said(
    connection: Connection, flow: FlowRun
) -> dict[str, tuple[bool | None, tuple[str, ...]]]:
    """By runner: whether it can stop what it holds, and what of it cannot be stopped.

    Of very many only some are looked at.
    """
    columns = task_runs.c
    wanted = (
        select(columns.record)
        .where(columns.held_by.in_(list(flow.holders)))
        .where(columns.flow_run_id == plain(flow.flow_run_id), columns.kind != "child")
        .order_by(columns.registered_offset)
        .limit(_HELD_MAX)
    )
    found: dict[str, tuple[bool | None, tuple[str, ...]]] = {}
    for row in connection.execute(wanted):
        task = task_of(row)
        runner_id = task.runner_id or ""
        can, cannot = found.get(runner_id, (None, ()))
        if task.held is False:
            can, cannot = False, (*cannot, task.task_run_id)[:_NAMED_MAX]
        elif task.held and can is None:
            can = True
        found[runner_id] = can, cannot
    return found


def armed_for(connection: Connection, flow_run_id: str) -> Armed | None:
    """The cancellation that waits for a flow run which nobody knows yet."""
    this = armed.c.flow_run_id == plain(flow_run_id)
    row = connection.execute(select(armed.c.record).where(this)).one_or_none()
    return None if row is None else armed_of(row)
