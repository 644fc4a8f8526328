"""The ends that the service itself gives to attempts, since their runner does not.

A deadline that struck, a runner that is gone. Nobody has seen such an attempt stop, unless what
it ran in was torn down and that was seen: what is torn down waits for that here.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from rescind.events.journal import ChildGivenUp, FlowCancelling, TaskCancelled, TaskFailed
from rescind.events.words import Actor, ErrorInfo, Evidence, How, Mode, TaskKind
from rescind.statemachine import teardown
from rescind.statemachine.cascades import is_awaited
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling
from rescind.statemachine.envelope import Recorder
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Cancellation, FlowRun, RunnerRecord, TaskRun
from rescind.statemachine.terms import crash_terms

__all__ = ["is_overdue", "overdue", "sweep_gone", "unconfirmed"]

SERVICE: Final = Actor(kind="service", id="lifecycle", verified=True)


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


def unconfirmed(task: TaskRun, how: How) -> Happened:
    """The end of a cancelled attempt that nobody has seen to stop."""
    ended = TaskCancelled(how=how, stopped_confirmed=False, runner_id=task.runner_id)
    return Happened(ended, task.task_run_id, task.attempt)


def overdue(flow: FlowRun, draft: Draft, at_ms: int, policy: Policy) -> Iterator[Happened]:
    """What follows for the attempts that the clocks of their flow run's cancellation end."""
    # Sorted: who holds what is counted in another order after a restart.
    for runner_id in sorted(flow.holders):
        runner = draft.runner(runner_id)
        if runner is not None and _is_to_be_torn_down(flow, runner, draft):
            yield teardown.order(flow, runner, draft, at_ms, policy)
        elif not teardown.is_awaited(flow, runner_id):
            for task in draft.held_of(flow.flow_run_id, runner_id):
                if task.child is None and is_overdue(task, flow.cancellation):
                    yield _cancelled(task, flow, How.DEADLINE, How.DEADLINE)
    for task in draft.children_of(flow.flow_run_id):
        if is_awaited(flow, task) and is_overdue(task, flow.cancellation):
            yield unconfirmed(task, How.DEADLINE)


def _is_to_be_torn_down(flow: FlowRun, runner: RunnerRecord, draft: Draft) -> bool:
    """Whether this flow run alone is there, and nothing of it that is waited for."""
    if not (teardown.is_exclusive(flow, runner.handle) and teardown.may_be_ordered(flow, runner)):
        return False
    has_work = False
    for task in draft.held_of(flow.flow_run_id, runner.runner_id):
        if task.child is None:
            if not is_overdue(task, flow.cancellation):
                return False
            has_work = True
    return has_work


def _cancelled(task: TaskRun, flow: FlowRun, how: How, how_if_torn_down: How) -> Happened:
    done = teardown.done(flow, task.runner_id)
    if done is None:
        return unconfirmed(task, how)
    ended = TaskCancelled(
        how=how_if_torn_down,
        stopped_confirmed=True,
        runner_id=task.runner_id,
        evidence={"teardown": done.event_id},
    )
    return Happened(ended, task.task_run_id, task.attempt)


def sweep_gone(
    runner_id: str, recorder: Recorder, policy: Policy, at_ms: int, budget: int
) -> tuple[int, bool]:
    """End at most `budget` of what a runner that is gone held and owned.

    Returns:
        How many were ended, and whether that was all.

    """
    draft = recorder.draft
    runner = draft.runner(runner_id)
    if runner is None or runner.state == "Registered":
        # Forgotten meanwhile, and somebody may go by that id again.
        return 0, True
    going = _Going(runner, recorder, policy, at_ms)
    attempts = list(islice(going.attempts(), budget))
    for task in attempts:
        going.end(task)
    left = budget - len(attempts)
    orphans = list(islice(going.orphans(), left))
    for flow in orphans:
        going.end_flow(flow)
    return len(attempts) + len(orphans), len(orphans) < left


class _Going:
    """One runner that is gone, during one sweep of what it leaves."""

    def __init__(
        self, runner: RunnerRecord, recorder: Recorder, policy: Policy, at_ms: int
    ) -> None:
        self._runner = runner
        self._recorder = recorder
        self._draft = recorder.draft
        self._policy = policy
        self._at_ms = at_ms

    def attempts(self) -> Iterator[TaskRun]:
        """What it held, but for what waits and what is in quarantine: nothing moves there."""
        for task in self._draft.held_by(self._runner.runner_id):
            flow = self._draft.flow(task.flow_run_id)
            if flow is None or flow.quarantined:
                continue
            if task.child is not None or not teardown.is_awaited(flow, task.runner_id):
                yield task

    def orphans(self) -> Iterator[FlowRun]:
        """What it owned and nobody has taken in hand."""
        for flow in self._draft.owned_by(self._runner.runner_id):
            if _can_crash(flow) or teardown.may_be_ordered(flow, self._runner):
                yield flow

    def end_flow(self, flow: FlowRun) -> None:
        """A flow run without its owner ends, by a cancellation of the service's own."""
        if _can_crash(flow):
            reason = f"runner {self._runner.runner_id} is {self._runner.state}"
            event_id = self._recorder.next_derived_id(flow.flow_run_id)
            terms = crash_terms(event_id, reason, self._at_ms, flow, self._policy)
            self._derive(flow, Happened(FlowCancelling(terms=terms)), SERVICE)
        self._tear_down(flow.flow_run_id)

    def end(self, task: TaskRun) -> None:
        """The end of an attempt whose runner is gone: cancelled if that was asked, else crashed.

        A child does not end with whoever was to register it, and what is torn down waits for it.
        """
        flow = self._draft.flow(task.flow_run_id)
        assert flow is not None  # It was there a moment ago.
        if task.child is not None:
            given_up = ChildGivenUp(child_flow_run_id=task.child.flow_run_id)
            self._derive(flow, Happened(given_up, task.task_run_id, task.attempt))
            return
        if task.kind is TaskKind.BODY:
            self.end_flow(flow)
        flow = self._tear_down(task.flow_run_id)
        if not teardown.is_awaited(flow, task.runner_id):
            self._derive(flow, self._end_of(task, flow))

    def _end_of(self, task: TaskRun, flow: FlowRun) -> Happened:
        asked_for = is_cancelling(task.state) or (
            flow.cancellation is not None and flow.cancellation.named_end == "cancelled"
        )
        if asked_for:
            return _cancelled(task, flow, How.RUNNER_LOST, How.FORCED)
        runner = self._runner
        done = teardown.done(flow, task.runner_id)
        evidence: Evidence = {} if done is None else {"teardown": done.event_id}
        crashed = TaskFailed(
            end="crashed",
            runner_id=task.runner_id,
            stopped_confirmed=done is not None,
            error=ErrorInfo(
                type="RunnerLost", message=f"runner {runner.runner_id} is {runner.state}"
            ),
            evidence=evidence,
        )
        return Happened(crashed, task.task_run_id, task.attempt)

    def _tear_down(self, flow_run_id: str) -> FlowRun:
        """Order it, once; the flow run as it is then."""
        flow = self._draft.flow(flow_run_id)
        assert flow is not None
        if teardown.may_be_ordered(flow, self._runner):
            ordered = teardown.order(flow, self._runner, self._draft, self._at_ms, self._policy)
            self._derive(flow, ordered)
            flow = self._draft.flow(flow_run_id)
            assert flow is not None
        return flow

    def _derive(self, flow: FlowRun, happened: Happened, actor: Actor | None = None) -> None:
        known = flow.teardowns.get(self._runner.runner_id)
        waited = known is not None and known.over is not None
        cause = known.event_id if known is not None and waited else self._runner.event_id
        self._recorder.derive(flow.flow_run_id, happened, cause, self._at_ms, actor=actor)


def _can_crash(flow: FlowRun) -> bool:
    return flow.cancellation is None and flow.end is None and not flow.quarantined
