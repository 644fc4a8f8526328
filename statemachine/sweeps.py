"""What follows for many task runs at once, in chunks: a cancelled flow run's, a lost runner's.

What is still to sweep follows from the state, so a restarted service goes on where the last
one stopped. One transaction sweeps a bounded number and lets other requests have their turn.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from rescind.events.journal import (
    ChildNotCancelled,
    ChildReleased,
    Entry,
    InfrastructureTeardown,
    TaskCancelled,
)
from rescind.events.words import CascadePolicy, How
from rescind.statemachine.cascades import policy_of
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.decide.cancel import how_unstarted
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling
from rescind.statemachine.ends import overdue, sweep_gone, unconfirmed
from rescind.statemachine.envelope import Recorder
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["Sweep", "SweepKind", "all_sweeps", "due_now", "run_sweep"]


class SweepKind(StrEnum):
    """What is swept."""

    UNSTARTED = "unstarted"  #: of a cancelling flow run, what holds no grant
    NOT_HELD = "not_held"  #: of one runner that has acknowledged, what it did not name
    OVERDUE = "overdue"  #: of a cancelling flow run whose deadline has struck, what is held
    CHILDREN = "children"  #: what is to be said of children that nobody waits for
    GONE = "gone"  #: what a runner held that is gone, and what it owned
    STUBS = "stubs"  #: the task runs of a flow run that has ended


class Sweep(NamedTuple):
    """One thing to sweep, and the event that it follows from."""

    kind: SweepKind
    flow_run_id: str
    runner_id: str
    cause: str


def all_sweeps(partition: Partition) -> list[Sweep]:
    """Every sweep that a restored state may still owe."""
    found = list[Sweep]()
    for flow in partition.flows.values():
        cancellation = flow.cancellation
        if flow.end is not None:
            owed = Sweep(SweepKind.STUBS, flow.flow_run_id, "", flow.event_id)
            if flow.flow_run_id in partition.tasks:
                found.append(owed)
            if flow.flow_run_id in partition.children:
                found.append(owed._replace(kind=SweepKind.CHILDREN))
        elif is_cancelling(flow.state) and cancellation is not None:
            owed = Sweep(SweepKind.UNSTARTED, flow.flow_run_id, "", cancellation.event_id)
            found.append(owed)
            if flow.flow_run_id in partition.children:
                found.append(owed._replace(kind=SweepKind.CHILDREN))
            found += [
                owed._replace(kind=SweepKind.NOT_HELD, runner_id=runner)
                for runner in cancellation.acknowledged
            ]
            fired = cancellation.wait_fired or cancellation.deadline_fired
            if fired is not None:
                found.append(owed._replace(kind=SweepKind.OVERDUE, cause=fired))
    found += [
        Sweep(SweepKind.GONE, "", runner.runner_id, runner.event_id)
        for runner in partition.runners.values()
        if runner.state != "Registered"
    ]
    return found


def due_now(entry: Entry, draft: Draft) -> Iterator[Sweep]:
    """What is swept after the loss of a runner, and again when its teardown is over.

    Before, what waited for that was passed over.
    """
    event = entry.event
    if not isinstance(event, InfrastructureTeardown):
        yield Sweep(SweepKind.GONE, "", entry.stream_id, entry.id)
        return
    if event.outcome not in {"done", "given_up"}:
        return
    runner_id = event.target_runner_id
    flow, runner = draft.flow(entry.stream_id), draft.runner(runner_id)
    if runner is not None and runner.state != "Registered":
        yield Sweep(SweepKind.GONE, "", runner_id, entry.id)
    cancellation = None if flow is None else flow.cancellation
    if cancellation is not None and (cancellation.deadline_fired or cancellation.wait_fired):
        yield Sweep(SweepKind.OVERDUE, entry.stream_id, "", entry.id)


def run_sweep(
    sweep: Sweep, recorder: Recorder, policy: Policy, at_ms: int, budget: int
) -> tuple[int, bool]:
    """Sweep at most `budget` task runs.

    Returns:
        How many were swept, and whether that was all.

    """
    draft = recorder.draft
    if sweep.kind is SweepKind.GONE:
        return sweep_gone(sweep.runner_id, recorder, policy, at_ms, budget)
    flow = draft.flow(sweep.flow_run_id)
    if flow is None:
        return 0, True
    if sweep.kind is SweepKind.STUBS:
        dropped = 0 if flow.end is None else draft.drop_tasks(sweep.flow_run_id, budget)
        return dropped, dropped < budget
    if sweep.kind is SweepKind.CHILDREN:
        return _speak_of_children(flow, recorder, at_ms, budget)
    if flow.quarantined or not is_cancelling(flow.state):
        return 0, True
    if sweep.kind is SweepKind.OVERDUE:
        due = overdue(flow, draft, at_ms, policy)
    else:
        due = _due(sweep, flow, draft, budget)
    chunk = list(islice(due, budget))
    for happened in chunk:
        recorder.derive(flow.flow_run_id, happened, sweep.cause, at_ms)
    return len(chunk), len(chunk) < budget


def _due(sweep: Sweep, flow: FlowRun, draft: Draft, budget: int) -> Iterator[Happened]:
    if sweep.kind is SweepKind.UNSTARTED:
        for task in draft.pending_of(flow.flow_run_id, budget):
            unstarted = TaskCancelled(how=how_unstarted(task), stopped_confirmed=True)
            yield Happened(unstarted, task.task_run_id, task.attempt)
    else:
        for task in draft.held_of(flow.flow_run_id, sweep.runner_id):
            if task.held is None and task.child is None:
                yield unconfirmed(task, How.NOT_HELD)


def _speak_of_children(
    flow: FlowRun, recorder: Recorder, at_ms: int, budget: int
) -> tuple[int, bool]:
    """Say of each child that nobody waits for that it is left alone, and at the end released."""
    said = list(islice(_to_say_of_children(flow, recorder.draft), budget))
    for task, event, cause in said:
        happened = Happened(event, task.task_run_id, task.attempt)
        recorder.derive(flow.flow_run_id, happened, cause, at_ms)
    return len(said), len(said) < budget


def _to_say_of_children(
    flow: FlowRun, draft: Draft
) -> Iterator[tuple[TaskRun, ChildNotCancelled | ChildReleased, str]]:
    cancellation = flow.cancellation
    for task in draft.children_of(flow.flow_run_id):
        line = task.child
        if line is None or flow.quarantined:
            continue
        child = line.flow_run_id
        is_left_alone = policy_of(flow, task) is CascadePolicy.NONE
        if cancellation is not None and is_left_alone and not line.left_alone:
            yield task, ChildNotCancelled(child_flow_run_id=child), cancellation.event_id
        if flow.end is not None and not line.released:
            yield task, ChildReleased(child_flow_run_id=child), flow.end_id or flow.event_id
