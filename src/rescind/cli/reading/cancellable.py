"""A run as a cancel would find it now, read where the service itself restores it from.

The read model has the same for the API and the pages; here no database is needed. What the
service has forgotten it would not find, and is not here either.
"""

from collections.abc import Iterable

from rescind.cli.reading.states import partition_of_stream
from rescind.cli.session import Session
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit
from rescind.server.readmodel.queries.answers import Cancellable, Holder
from rescind.statemachine.partition import Known, Partition, restore
from rescind.statemachine.records import read_open
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["read_cancellable"]


async def read_cancellable(
    session: Session, flow_run_id: str, task_run_id: str | None, *, waiting_max: int
) -> Cancellable:
    """Of a flow run that is Pending, up to ``waiting_max`` task runs that would end with it.

    Raises `UnreadableStateError` if a newer release wrote one of its records.
    """
    found = restore(await _records(session, flow_run_id))
    flow = found.flows.get(flow_run_id)
    task = None if task_run_id is None else found.tasks.get(flow_run_id, {}).get(task_run_id)
    known: list[Known] = []
    if flow is None:
        known += [armed] if (armed := found.armed.get(flow_run_id)) is not None else []
    else:
        known.append(flow)
        known += [task] if task is not None else []
        if task_run_id is None and flow.state == "Pending":
            waiting = list(found.pending.get(flow_run_id, {}))[:waiting_max]
            known += [found.tasks[flow_run_id][name] for name in waiting]
    is_alone = task_run_id is not None
    return Cancellable(flow, task, tuple(known), _holders(found, flow, task, is_alone=is_alone))


def _holders(
    found: Partition, flow: FlowRun | None, task: TaskRun | None, *, is_alone: bool
) -> tuple[Holder, ...]:
    held: dict[str, int] = {}
    if is_alone:
        if task is not None and task.runner_id is not None and task.state.startswith("Running"):
            held = {task.runner_id: 1}
    elif flow is not None:
        held = dict(flow.holders)
    return tuple(
        Holder(name, count, found.runners.get(name)) for name, count in sorted(held.items())
    )


async def _records(session: Session, flow_run_id: str) -> Iterable[Known]:
    names = session.names
    partition = await partition_of_stream(session, flow_run_id)
    key = flow_run_id.encode()
    async with Visit(session.connection) as visit:
        flows = await latest(visit, names.open_flows, [partition], lambda one: one == key)
        tasks = await latest(
            visit, names.open_tasks, [partition], lambda one: one.startswith(key + b"/")
        )
        runners = await latest(visit, names.runners, [partition])
    values = [*flows.values(), *tasks.values(), *runners.values()]
    return [read_open(value) for value in values]
