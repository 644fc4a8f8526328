"""Runners: where each is registered, what it can do, and how much it holds.

When one was heard last is not here: heartbeats are no events of the journal.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import RunnerRow
from rescind.server.readmodel.queries.pages import Page, after, bounded, cut
from rescind.server.readmodel.storage.rows import flow_of, runner_of
from rescind.server.readmodel.storage.tables import flow_runs, runners, task_runs
from rescind.statemachine.runs import FlowRun, RunnerRecord

__all__ = [
    "RunnerCounts",
    "concerned_by",
    "count_runners",
    "list_runners",
    "whether_its_runners_interrupt",
    "whether_they_interrupt",
]

_HERE: Final = "Registered"


class RunnerCounts(NamedTuple):
    """How many runners are in one of their partitions at least, and how many in none any more."""

    living: int
    gone: int


def list_runners(
    connection: Connection,
    gone: bool | None = None,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[RunnerRow]:
    """Runners by their ids, those that are gone among them for as long as they are known.

    ``gone``: those alone, or those alone that are not. Raises `CursorError`.
    """
    limit = bounded(limit)
    ids = connection.execute(runners_statement(gone, limit + 1, cursor)).all()
    wanted = [row.runner_id for row in ids[:limit]]
    known: defaultdict[str, dict[int, RunnerRecord]] = defaultdict(dict)
    rows = select(runners.c.partition, runners.c.record).where(runners.c.runner_id.in_(wanted))
    for row in connection.execute(rows.order_by(runners.c.runner_id, runners.c.partition)):
        runner = runner_of(row)
        known[runner.runner_id][row.partition] = runner
    held = _held(connection, wanted)
    return cut(
        ids,
        limit,
        (runners.c.runner_id,),
        lambda row: _row(row.runner_id, known[row.runner_id], held.get(row.runner_id, 0)),
    )


def runners_statement(gone: bool | None, count: int, cursor: str | None) -> Select[Any]:
    """The statement behind `list_runners`: those that live are few, and are not looked for."""
    key, state = runners.c.runner_id, runners.c.state
    chosen = {None: [], False: [state == _HERE], True: [state != _HERE, ~_is_here(key)]}[gone]
    found = select(key).distinct().where(*chosen, *after((key,), cursor))
    return found.order_by(key).limit(count)


def count_runners(connection: Connection) -> RunnerCounts:
    """How many live, and how many are gone."""
    key = runners.c.runner_id
    every = select(func.count(key.distinct()))
    here = every.where(runners.c.state == _HERE)
    known, living = connection.execute(
        select(every.scalar_subquery(), here.scalar_subquery())
    ).one()
    return RunnerCounts(living, known - living)


def _is_here(runner_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a partition takes it for living."""
    other = runners.alias()
    this = other.c.runner_id == runner_id
    return select(other.c.runner_id).where(this, other.c.state == _HERE).exists()


def concerned_by(flow: FlowRun) -> set[str]:
    """The runners of a flow run: who owns it, holds work of it, or was told to stop."""
    told = () if flow.cancellation is None else flow.cancellation.told
    return {*told, *flow.holders, *([] if flow.runner_id is None else [flow.runner_id])}


def whether_its_runners_interrupt(connection: Connection, flow_run_id: str) -> bool | None:
    """Whether the executors of all runners of a flow run interrupt what runs; None: not known."""
    flows = flow_runs.c
    wanted = select(flows.partition, flows.record, flows.counts)
    this = flows.flow_run_id == plain(flow_run_id)
    row = connection.execute(wanted.where(this)).one_or_none()
    if row is None:
        return None
    return whether_they_interrupt(connection, row.partition, concerned_by(flow_of(row)))


def whether_they_interrupt(
    connection: Connection, partition: int, runner_ids: Collection[str]
) -> bool | None:
    """Whether the executors of these runners interrupt what runs.

    None: some do and some do not, or one has not said.
    """
    these = runners.c.runner_id.in_(runner_ids), runners.c.partition == partition
    said: set[bool | None] = set()
    for row in connection.execute(select(runners.c.record).where(*these)):
        can = runner_of(row).capabilities
        said.add(None if can is None else can.can_interrupt)
    return said.pop() if len(said) == 1 else None


def _held(connection: Connection, runner_ids: list[str]) -> dict[str, int]:
    holder = task_runs.c.held_by
    counted = select(holder, func.count()).where(holder.in_(runner_ids)).group_by(holder)
    return {row[0]: row[1] for row in connection.execute(counted)}


def _row(runner_id: str, known: dict[int, RunnerRecord], held: int) -> RunnerRow:
    # The same runner says the same of itself everywhere; the stub of one that was never seen
    # before it was lost says nothing.
    latest = max(known.values(), key=lambda runner: (bool(runner.pool), runner.at_ms))
    return RunnerRow(
        runner_id,
        {partition: runner.state for partition, runner in known.items()},
        max(runner.at_ms for runner in known.values()),
        latest.pool,
        latest.scope,
        latest.capabilities,
        latest.handle,
        held,
    )
