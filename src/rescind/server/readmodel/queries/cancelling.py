"""What the service itself would look at if a cancel came now, and what answered those that came."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, select

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
from rescind.events.words import CascadePolicy, StreamKind
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import Cancellable, Children, Holder
from rescind.server.readmodel.queries.cancellations import armed_for
from rescind.server.readmodel.queries.children import (
    NO_FAMILY,
    children_held,
    children_in,
    family_of,
)
from rescind.server.readmodel.queries.tasks import tasks_statement
from rescind.server.readmodel.storage.rows import flow_of, runner_of, task_of
from rescind.server.readmodel.storage.tables import events, flow_runs, runners, task_runs
from rescind.statemachine.edges import is_running
from rescind.statemachine.machine import TASK
from rescind.statemachine.partition import Known
from rescind.statemachine.runs import FlowRun, RunnerRecord, TaskRun

__all__ = ["answers_to_cancels", "body_state", "cancellable"]

_RUNNERS_MAX: Final = 1_000

_WAIT, _REQUEST, _NONE = CascadePolicy.WAIT, CascadePolicy.REQUEST, CascadePolicy.NONE
_RUNNING: Final = tuple(filter(is_running, TASK.states()))
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
    alone = task_run_id is not None
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
    if flow is None:
        return Cancellable(None, None, tuple(known), (), False, NO_FAMILY, Children())
    return Cancellable(
        flow,
        task,
        tuple(known),
        _holders(connection, _held_alone(task) if alone else _held(connection, flow), partition),
        not alone and _is_open(body_state(connection, flow)),
        NO_FAMILY if alone else family_of(connection, flow),
        _itself(task) if alone else _children(connection, flow),
    )


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


def body_state(connection: Connection, flow: FlowRun) -> str | None:
    """Of the flow's own code: it may have ended before its task runs. None: there is none."""
    body = _task(connection, flow.flow_run_id, flow.body_id)
    return None if body is None else body.state


def _is_open(state: str | None) -> bool:
    return state is not None and is_running(state)


def _held_alone(task: TaskRun | None) -> dict[str, int]:
    is_held = task is not None and task.child is None and is_running(task.state)
    return {task.runner_id: 1} if is_held and task is not None and task.runner_id else {}


def _holders(connection: Connection, held: dict[str, int], partition: int) -> tuple[Holder, ...]:
    """These runners, each as it is in the partition of the flow run."""
    said: dict[str, RunnerRecord] = {}
    these = runners.c.runner_id.in_(held), runners.c.partition == partition
    for row in connection.execute(select(runners.c.record).where(*these)):
        runner = runner_of(row)
        said[runner.runner_id] = runner
    can_be_ended = any(runner.handle is not None for runner in said.values())
    able = _able(connection, partition) if can_be_ended else _Able({}, is_all=True)
    return tuple(
        Holder(name, count, said.get(name), _is_reached(said.get(name), able))
        for name, count in sorted(held.items())
    )


def _held(connection: Connection, flow: FlowRun) -> dict[str, int]:
    children = children_held(connection, flow)
    own = {name: count - children.get(name, 0) for name, count in flow.holders.items()}
    return {name: count for name, count in own.items() if count > 0}


class _Able(NamedTuple):
    """By scope, those who live and end what is there; whether all who live were asked."""

    by_scope: Mapping[str, set[str]]
    is_all: bool


def _able(connection: Connection, partition: int) -> _Able:
    living = (
        select(runners.c.record)
        .where(runners.c.partition == partition, runners.c.state == "Registered")
        .limit(_RUNNERS_MAX + 1)
    )
    found = connection.execute(living).all()
    able: dict[str, set[str]] = {}
    for runner in map(runner_of, found):
        if runner.capabilities is not None and runner.capabilities.can_tear_down:
            able.setdefault(runner.scope, set()).add(runner.runner_id)
    return _Able(able, is_all=len(found) <= _RUNNERS_MAX)


def _is_reached(runner: RunnerRecord | None, able: _Able) -> bool | None:
    """Nobody is asked to end itself."""
    if runner is None or runner.handle is None:
        return False
    if able.by_scope.get(runner.handle.scope, set()) - {runner.runner_id}:
        return True
    return False if able.is_all else None


def _children(connection: Connection, flow: FlowRun) -> Children:
    """Those that run, by their policies."""
    if not flow.unwaited:
        return Children(waited_for=flow.children)
    running = connection.execute(running_statement(flow.flow_run_id))
    lines = [task_of(row).child for row in running]
    policies = Counter(line.cascade for line in lines if line is not None)
    return Children(*(policies[one] for one in (_WAIT, _REQUEST, _NONE)))


def _itself(task: TaskRun | None) -> Children:
    """To cancel a task run that stands for a child is to cancel the child."""
    is_child = task is not None and task.child is not None and is_running(task.state)
    return Children(waited_for=int(is_child))


def running_statement(flow_run_id: str) -> Select[Any]:
    """The children of a flow run that run."""
    columns = task_runs.c
    these = (*children_in(flow_run_id), columns.state.in_(_RUNNING))
    return select(columns.record).where(*these)


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
