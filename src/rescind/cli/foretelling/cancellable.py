"""A run as a cancel would find it now, read where the service itself restores it from.

The read model has the same for the API and the pages; here no database is needed. What the
service has forgotten it would not find, and is not here either.
"""

from collections import Counter
from collections.abc import Collection, Iterable

from rescind.cli.reading.states import partition_of_stream, read_state
from rescind.cli.session import Session
from rescind.events.states import FlowState
from rescind.events.words import CascadePolicy
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit
from rescind.server.readmodel.queries.answers import (
    Cancellable,
    Children,
    Family,
    Holder,
)
from rescind.server.readmodel.queries.children import LISTED_MAX, NO_FAMILY, child_row
from rescind.statemachine.edges import is_running
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
    if task_run_id is not None:
        held = _of_task(found, task)
        itself = _children([] if task is None else [task])
        # To cancel what stands for a child is to cancel the child, and to wait for it.
        children = Children(waited_for=itself.waited_for + itself.asked + itself.left_alone)
        return Cancellable(flow, task, tuple(known), held, False, NO_FAMILY, children)
    tasks = found.tasks.get(flow_run_id, {})
    body = None if flow is None else tasks.get(flow.body_id or "")
    family = NO_FAMILY if flow is None else await _family(session, flow, tasks.values())
    has_open_body = body is not None and is_running(body.state)
    held = _of_flow(found, tasks.values())
    children = _children(tasks.values())
    return Cancellable(flow, task, tuple(known), held, has_open_body, family, children)


def _of_task(found: Partition, task: TaskRun | None) -> tuple[Holder, ...]:
    if task is None or task.runner_id is None or task.child or not is_running(task.state):
        return ()
    return (_holder(found, task.runner_id, 1),)


def _of_flow(found: Partition, tasks: Iterable[TaskRun]) -> tuple[Holder, ...]:
    """Children are stopped by runners of their own."""
    held = Counter(
        task.runner_id
        for task in tasks
        if task.runner_id is not None and task.child is None and is_running(task.state)
    )
    return tuple(_holder(found, name, count) for name, count in sorted(held.items()))


def _holder(found: Partition, runner_id: str, count: int) -> Holder:
    said = found.runners.get(runner_id)
    handle = None if said is None else said.handle
    # Nobody is asked to end itself.
    able = () if handle is None else found.able.get(handle.scope, {}).keys() - {runner_id}
    return Holder(runner_id, count, said, bool(able))


def _children(tasks: Iterable[TaskRun]) -> Children:
    """Those that run, by their policies."""
    running = [task.child for task in tasks if task.child and is_running(task.state)]
    found = Counter(child.cascade for child in running)
    return Children(
        found[CascadePolicy.WAIT], found[CascadePolicy.REQUEST], found[CascadePolicy.NONE]
    )


async def _family(session: Session, flow: FlowRun, tasks: Iterable[TaskRun]) -> Family:
    begun = [task for task in tasks if task.child is not None and task.started_ms is not None]
    if not begun:
        return NO_FAMILY
    begun.sort(key=lambda task: (task.finished_ms is not None, task.registered_ms, task.version))
    lines = [(task, task.child) for task in begun[:LISTED_MAX] if task.child is not None]
    states = await _states(session, flow.namespace, {line.flow_run_id for _, line in lines})
    rows = (child_row(flow, task, line, states.get(line.flow_run_id)) for task, line in lines)
    return Family(tuple(rows), len(begun))


async def _states(session: Session, namespace: str, ids: Collection[str]) -> dict[str, str]:
    """Of those in its own namespace, as the API shows them."""
    topic = session.names.flow_states
    keys = {one.encode() for one in ids}
    async with Visit(session.connection) as visit:
        count = len(await visit.starts(topic))
        partitions = sorted({partition_of(one, count) for one in ids})
        values = await latest(visit, topic, partitions, keys.__contains__)
    flows = [read_state(FlowState, value) for value in values.values()]
    return {one.flow_run_id: one.state for one in flows if one and one.namespace == namespace}


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
