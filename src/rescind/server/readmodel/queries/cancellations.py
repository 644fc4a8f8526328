"""What has become of a cancellation: who is told, who is waited for, and how what has ended did."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, select

from rescind.events.states import FlowState
from rescind.events.words import How
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import CancelAccount, WaitedFor
from rescind.server.readmodel.queries.children import children_held, family_of
from rescind.server.readmodel.queries.late import late_since
from rescind.server.readmodel.queries.way import steps_taken, teardowns_told, warned_of
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
    since, asked_ms = row.registered_offset, state.cancellation.asked_at
    return CancelAccount(
        flow_run_id,
        flow.body_id,
        flow.state,
        state.cancellation,
        _ended(connection, flow_run_id),
        flow.tally.unconfirmed,
        flow.pending,
        _waited_for(connection, flow),
        steps_taken(connection, flow_run_id, row.partition, since, asked_ms),
        warned_of(connection, flow_run_id, since),
        teardowns_told(connection, flow_run_id, since),
        family_of(connection, flow),
        late_since(connection, flow_run_id, since_ms=asked_ms),
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
    own = {name: count - children.get(name, 0) for name, count in flow.holders.items()}
    said = _what_they_said(connection, flow)
    return tuple(
        WaitedFor(
            runner_id,
            held,
            runner_id in cancellation.told,
            runner_id in cancellation.acknowledged,
            said[runner_id].can_stop_all(held),
            tuple(said[runner_id].cannot[:_NAMED_MAX]),
        )
        for runner_id, held in sorted(own.items())
        if held > 0
    )


@dataclass(slots=True)
class _Said:
    """What a runner has said of the task runs that it holds, as far as they were looked at."""

    can: int = 0
    cannot: list[str] = field(default_factory=list[str])

    def can_stop_all(self, held: int) -> bool | None:
        """None: of some it has not said, or nobody has looked."""
        if self.cannot:
            return False
        return True if self.can >= held else None


def _what_they_said(connection: Connection, flow: FlowRun) -> defaultdict[str, _Said]:
    """By runner; of very many task runs only some are looked at."""
    columns = task_runs.c
    wanted = (
        select(columns.record)
        .where(columns.held_by.in_(list(flow.holders)))
        .where(columns.flow_run_id == plain(flow.flow_run_id), columns.kind != "child")
        .order_by(columns.registered_offset)
        .limit(_HELD_MAX)
    )
    found: defaultdict[str, _Said] = defaultdict(_Said)
    for row in connection.execute(wanted):
        task = task_of(row)
        said = found[task.runner_id or ""]
        if task.held is False:
            said.cannot.append(task.task_run_id)
        elif task.held:
            said.can += 1
    return found


def armed_for(connection: Connection, flow_run_id: str) -> Armed | None:
    """The cancellation that waits for a flow run which nobody knows yet."""
    this = armed.c.flow_run_id == plain(flow_run_id)
    row = connection.execute(select(armed.c.record).where(this)).one_or_none()
    return None if row is None else armed_of(row)
