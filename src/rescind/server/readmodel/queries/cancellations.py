"""What has become of a cancellation: who is told, who is waited for, and how what has ended did."""

from sqlalchemy import Connection, func, select

from rescind.events.states import FlowState
from rescind.events.words import How
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import CancelAccount, WaitedFor
from rescind.server.readmodel.queries.late import late_since
from rescind.server.readmodel.storage.rows import armed_of, flow_of
from rescind.server.readmodel.storage.tables import armed, flow_runs, task_runs
from rescind.statemachine.records import public_flow
from rescind.statemachine.runs import Armed, FlowRun

__all__ = ["armed_for", "cancel_account"]


def cancel_account(connection: Connection, flow_run_id: str) -> CancelAccount | None:
    """The account of the cancellation of a flow run as it stands; None: there is none."""
    this = flow_runs.c.flow_run_id == plain(flow_run_id)
    row = connection.execute(
        select(flow_runs.c.record, flow_runs.c.counts).where(this)
    ).one_or_none()
    if row is None:
        return None
    flow = flow_of(row)
    state = FlowState.model_validate_json(public_flow(flow))
    if state.cancellation is None:
        return None
    return CancelAccount(
        flow_run_id,
        flow.state,
        state.cancellation,
        _ended(connection, flow_run_id),
        flow.tally.unconfirmed,
        flow.pending,
        _waited_for(flow),
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


def _waited_for(flow: FlowRun) -> tuple[WaitedFor, ...]:
    cancellation = flow.cancellation
    assert cancellation is not None
    return tuple(
        WaitedFor(
            runner_id,
            held,
            runner_id in cancellation.told,
            runner_id in cancellation.acknowledged,
        )
        for runner_id, held in sorted(flow.holders.items())
    )


def armed_for(connection: Connection, flow_run_id: str) -> Armed | None:
    """The cancellation that waits for a flow run which nobody knows yet."""
    this = armed.c.flow_run_id == plain(flow_run_id)
    row = connection.execute(select(armed.c.record).where(this)).one_or_none()
    return None if row is None else armed_of(row)
