"""What the service itself would look at if a cancel came now, and what answered those that came."""

from typing import Final

from sqlalchemy import Connection, select

from rescind.errors import JournalError
from rescind.events.journal import (
    CancellationArmed,
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    RequestRefused,
    TaskCancelled,
    TaskCancelling,
)
from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import Cancellable, Holder
from rescind.server.readmodel.queries.cancellations import armed_for
from rescind.server.readmodel.queries.tasks import tasks_statement
from rescind.server.readmodel.storage.rows import flow_of, runner_of, task_of
from rescind.server.readmodel.storage.tables import events, flow_runs, runners, task_runs
from rescind.statemachine.partition import Known
from rescind.statemachine.runs import FlowRun, RunnerRecord, TaskRun

__all__ = ["answers_to_cancels", "cancellable"]

_ANSWERS: Final = tuple(
    str(event.model_fields["type"].default)
    for event in (
        *(FlowCancelling, FlowCancelled, TaskCancelling, TaskCancelled),
        *(CancellationArmed, CancellationEscalated, RequestRefused),
    )
)


def cancellable(
    connection: Connection, flow_run_id: str, task_run_id: str | None, *, waiting_max: int
) -> Cancellable:
    """A flow run, or one task run of it, as a cancel would find it.

    What the service has forgotten it would not find, and is not here either. Of a flow run that
    is Pending, up to ``waiting_max`` task runs are looked at: those that end with it at once.
    """
    flow, partition = _flow(connection, flow_run_id)
    task = None if flow is None else _task(connection, flow_run_id, task_run_id)
    known: list[Known] = []
    if flow is None:
        armed = armed_for(connection, flow_run_id)
        known += [armed] if armed is not None else []
    else:
        known.append(flow)
        known += [task] if task is not None else []
        if task_run_id is None and flow.state == "Pending":
            waiting = tasks_statement(flow_run_id, ("Pending",), waiting_max, None)
            known += map(task_of, connection.execute(waiting))
    return Cancellable(flow, task, tuple(known), _holders(connection, flow, task, partition))


def _flow(connection: Connection, flow_run_id: str) -> tuple[FlowRun | None, int]:
    columns = flow_runs.c
    wanted = select(columns.partition, columns.record, columns.counts)
    this = columns.flow_run_id == plain(flow_run_id), columns.forgotten_ms.is_(None)
    row = connection.execute(wanted.where(*this)).one_or_none()
    return (None, 0) if row is None else (flow_of(row), row.partition)


def _task(connection: Connection, flow_run_id: str, task_run_id: str | None) -> TaskRun | None:
    if task_run_id is None:
        return None
    columns = task_runs.c
    this = (
        columns.flow_run_id == plain(flow_run_id),
        columns.task_run_id == plain(task_run_id),
    )
    row = connection.execute(select(columns.record).where(*this)).one_or_none()
    return None if row is None else task_of(row)


def _holders(
    connection: Connection, flow: FlowRun | None, task: TaskRun | None, partition: int
) -> tuple[Holder, ...]:
    """The runners that hold work of it now, each as it is in the partition of the flow run."""
    held = {} if flow is None else dict(flow.holders)
    if task is not None:
        holder = task.runner_id if task.state.startswith("Running") else None
        held = {} if holder is None else {holder: 1}
    said: dict[str, RunnerRecord] = {}
    these = runners.c.runner_id.in_(held), runners.c.partition == partition
    for row in connection.execute(select(runners.c.record).where(*these)):
        runner = runner_of(row)
        said[runner.runner_id] = runner
    return tuple(Holder(name, count, said.get(name)) for name, count in sorted(held.items()))


def answers_to_cancels(
    connection: Connection, flow_run_id: str, task_run_id: str | None
) -> list[Entry]:
    """What has answered cancels of this flow run, or of this task run alone, as it happened.

    Among refusals there are those of other requests.
    """
    columns = events.c
    answering = (
        select(columns.value)
        .where(
            columns.stream_kind == StreamKind.FLOW.value,
            columns.stream_id == plain(flow_run_id),
            columns.task_run_id == task_run_id,
            columns.type.in_(_ANSWERS),
        )
        .order_by(columns.partition, columns.offset)
    )
    found: list[Entry] = []
    for row in connection.execute(answering):
        try:
            found.append(Entry.from_json(row.value or b""))
        except JournalError:
            # What a newer release has written answers no request of this one.
            continue
    return found
