"""What follows for many task runs at once, in chunks: a cancelled flow run's, a lost runner's.

What is still to sweep follows from the state, so a restarted service goes on where the last
one stopped. One transaction sweeps a bounded number and lets other requests have their turn.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from rescind.events.journal import (
    ChildGivenUp,
    ChildNotCancelled,
    ChildReleased,
    FlowCancelling,
    TaskCancelled,
    TaskFailed,
)
from rescind.events.words import Actor, CascadePolicy, ErrorInfo, How, Mode, TaskKind
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.decide.cancel import how_unstarted
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling
from rescind.statemachine.envelope import Recorder
from rescind.statemachine.families import is_awaited, policy_of
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Cancellation, FlowRun, RunnerRecord, TaskRun
from rescind.statemachine.terms import crash_terms

__all__ = ["Sweep", "SweepKind", "all_sweeps", "is_overdue", "run_sweep"]

SERVICE = Actor(kind="service", id="lifecycle", verified=True)


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


def run_sweep(
    sweep: Sweep, recorder: Recorder, policy: Policy, at_ms: int, budget: int
) -> tuple[int, bool]:
    """Sweep at most `budget` task runs.

    Returns:
        How many were swept, and whether that was all.

    """
    draft = recorder.draft
    if sweep.kind is SweepKind.GONE:
        return _sweep_gone(sweep, recorder, policy, at_ms, budget)
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
    chunk = list(islice(_due(sweep, flow, recorder, budget), budget))
    for task, event in chunk:
        happened = Happened(event, task.task_run_id, task.attempt)
        recorder.derive(flow.flow_run_id, happened, sweep.cause, at_ms)
    return len(chunk), len(chunk) < budget


def _due(
    sweep: Sweep, flow: FlowRun, recorder: Recorder, budget: int
) -> Iterator[tuple[TaskRun, TaskCancelled]]:
    draft = recorder.draft
    if sweep.kind is SweepKind.UNSTARTED:
        for task in draft.pending_of(flow.flow_run_id, budget):
            yield task, TaskCancelled(how=how_unstarted(task), stopped_confirmed=True)
    elif sweep.kind is SweepKind.NOT_HELD:
        for task in draft.held_of(flow.flow_run_id, sweep.runner_id):
            if task.held is None and task.child is None:
                yield task, _unconfirmed(task, How.NOT_HELD)
    else:
        # Sorted: who holds what is counted in another order after a restart.
        for runner_id in sorted(flow.holders):
            for task in draft.held_of(flow.flow_run_id, runner_id):
                if task.child is None and is_overdue(task, flow.cancellation):
                    yield task, _unconfirmed(task, How.DEADLINE)
        for task in draft.children_of(flow.flow_run_id):
            if is_awaited(flow, task) and is_overdue(task, flow.cancellation):
                yield task, _unconfirmed(task, How.DEADLINE)


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


def is_overdue(task: TaskRun, cancellation: Cancellation | None) -> bool:
    """Whether the clocks of a cancellation end this attempt now.

    The deadline ends what can be stopped and what nobody has spoken of; what cannot be stopped
    has until ``wait_seconds_max``, unless it is an abort. A child has clocks of its own.
    """
    if cancellation is None:
        return False
    if cancellation.wait_fired is not None:
        return True
    return (
        task.child is None
        and cancellation.deadline_fired is not None
        and (task.held is not False or cancellation.mode is Mode.ABORT)
    )


def _unconfirmed(task: TaskRun, how: How) -> TaskCancelled:
    return TaskCancelled(how=how, stopped_confirmed=False, runner_id=task.runner_id)


def _sweep_gone(
    sweep: Sweep, recorder: Recorder, policy: Policy, at_ms: int, budget: int
) -> tuple[int, bool]:
    draft = recorder.draft
    runner = draft.runner(sweep.runner_id)
    if runner is None or runner.state == "Registered":
        # Forgotten meanwhile, and somebody may go by that id again.
        return 0, True
    attempts = list(islice(_in_order(draft, draft.held_by(runner.runner_id)), budget))
    for task, flow in attempts:
        _end_with_runner(task, flow, runner, recorder, policy, at_ms)
    left = budget - len(attempts)
    orphans = (flow for flow in draft.owned_by(runner.runner_id) if _can_crash(flow))
    crashed = list(islice(orphans, left))
    for flow in crashed:
        _crash(flow, runner, recorder, policy, at_ms)
    return len(attempts) + len(crashed), len(crashed) < left


def _in_order(draft: Draft, tasks: Iterator[TaskRun]) -> Iterator[tuple[TaskRun, FlowRun]]:
    """Each with its flow run, without those in quarantine: nothing moves there."""
    for task in tasks:
        flow = draft.flow(task.flow_run_id)
        if flow is not None and not flow.quarantined:
            yield task, flow


def _end_with_runner(
    task: TaskRun,
    flow: FlowRun,
    runner: RunnerRecord,
    recorder: Recorder,
    policy: Policy,
    at_ms: int,
) -> None:
    """The end of an attempt whose runner is gone: cancelled if that was asked, else crashed.

    A child does not end with whoever was to register it.
    """
    if task.child is not None:
        given_up = ChildGivenUp(child_flow_run_id=task.child.flow_run_id)
        happened = Happened(given_up, task.task_run_id, task.attempt)
        recorder.derive(flow.flow_run_id, happened, runner.event_id, at_ms)
        return
    if task.kind is TaskKind.BODY and _can_crash(flow):
        _crash(flow, runner, recorder, policy, at_ms)
    asked_for = is_cancelling(task.state) or (
        flow.cancellation is not None and flow.cancellation.named_end == "cancelled"
    )
    error = ErrorInfo(type="RunnerLost", message=f"runner {runner.runner_id} is {runner.state}")
    event: TaskCancelled | TaskFailed
    if asked_for:
        event = _unconfirmed(task, How.RUNNER_LOST)
    else:
        event = TaskFailed(
            end="crashed", runner_id=task.runner_id, stopped_confirmed=False, error=error
        )
    happened = Happened(event, task.task_run_id, task.attempt)
    recorder.derive(flow.flow_run_id, happened, runner.event_id, at_ms)


def _can_crash(flow: FlowRun) -> bool:
    return flow.cancellation is None and flow.end is None and not flow.quarantined


def _crash(
    flow: FlowRun, runner: RunnerRecord, recorder: Recorder, policy: Policy, at_ms: int
) -> None:
    """A flow run without its owner ends, by a cancellation of the service's own."""
    reason = f"runner {runner.runner_id} is {runner.state}"
    event_id = recorder.next_derived_id(flow.flow_run_id)
    terms = crash_terms(event_id, reason, at_ms, flow, policy)
    happened = Happened(FlowCancelling(terms=terms))
    recorder.derive(flow.flow_run_id, happened, runner.event_id, at_ms, actor=SERVICE)
