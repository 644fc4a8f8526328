"""One transaction's view of a partition: what it has changed, above what is committed.

Decisions read through it, events are folded into it, and nothing of it is seen outside until
the commit. It also remembers which records are to be written: at most one per run, the last.
"""

from collections.abc import Iterator
from itertools import islice

from rescind.errors import NoTransitionError
from rescind.events.journal import (
    BulkForgotten,
    CancellationAcknowledged,
    CancellationArmed,
    CancellationLapsed,
    Entry,
    FlowForgotten,
    RunnerForgotten,
    StreamKind,
)
from rescind.statemachine.edges import is_running
from rescind.statemachine.evolve import evolve_bulk, evolve_flow, evolve_runner, evolve_task
from rescind.statemachine.evolve.cancellation import armed_by, begun_before
from rescind.statemachine.partition import AttemptRef, Partition, is_able, is_tearing_down
from rescind.statemachine.runs import Armed, Bulk, FlowRun, RunnerRecord, TaskRun
from rescind.statemachine.tally import recount_step

__all__ = ["Draft"]


class Draft:
    """What a transaction has changed so far.

    Attributes:
        flows: flow runs changed by an event of their own or of a task run of theirs.
        spoken: of those, the ones with an event of their own: their state is to be written.
        tasks, runners, armed, bulks: what else was changed; None where it was dropped.
        parted: runs that were changed and then dropped: their last state is to be written too.

    """

    def __init__(self, base: Partition) -> None:
        self.base = base
        self.flows: dict[str, FlowRun | None] = {}
        self.spoken: dict[str, None] = {}
        self.tasks: dict[str, dict[str, TaskRun | None]] = {}
        self.runners: dict[str, RunnerRecord | None] = {}
        self.armed: dict[str, Armed | None] = {}
        self.bulks: dict[str, Bulk | None] = {}
        self.parted: list[FlowRun | TaskRun] = []
        self.at_ms = base.last_at_ms
        # Which of `tasks` each runner has held: acknowledgements do not walk over all of them.
        self._touched: dict[str, dict[AttemptRef, None]] = {}

    def flow(self, flow_run_id: str) -> FlowRun | None:
        """The flow run as it is now."""
        if flow_run_id in self.flows:
            return self.flows[flow_run_id]
        return self.base.flows.get(flow_run_id)

    def task(self, flow_run_id: str, task_run_id: str) -> TaskRun | None:
        """The task run as it is now."""
        changed = self.tasks.get(flow_run_id)
        if changed is not None and task_run_id in changed:
            return changed[task_run_id]
        committed = self.base.tasks.get(flow_run_id)
        return None if committed is None else committed.get(task_run_id)

    def runner(self, runner_id: str) -> RunnerRecord | None:
        """The runner as this partition knows it now."""
        if runner_id in self.runners:
            return self.runners[runner_id]
        return self.base.runners.get(runner_id)

    def bulk(self, bulk_id: str) -> Bulk | None:
        """The bulk cancellation as it is now."""
        if bulk_id in self.bulks:
            return self.bulks[bulk_id]
        return self.base.bulks.get(bulk_id)

    def armed_for(self, flow_run_id: str) -> Armed | None:
        """The cancellation that waits for this flow run, if one does."""
        if flow_run_id in self.armed:
            return self.armed[flow_run_id]
        return self.base.armed.get(flow_run_id)

    def armed_count(self) -> int:
        """How many cancellations wait for flow runs that nobody knows."""
        added = sum(
            (armed is not None) - (flow_run_id in self.base.armed)
            for flow_run_id, armed in self.armed.items()
        )
        return len(self.base.armed) + added

    def oldest_armed(self) -> Armed | None:
        """The one that lapses first when there are too many."""
        for flow_run_id in self.base.armed:
            if flow_run_id not in self.armed:
                return self.base.armed[flow_run_id]
        return next((armed for armed in self.armed.values() if armed is not None), None)

    def pending_of(self, flow_run_id: str, limit: int) -> list[TaskRun]:
        """Up to `limit` of its task runs that hold no grant, in the order of registration."""
        return list(islice(self._pending_of(flow_run_id), limit))

    def _pending_of(self, flow_run_id: str) -> Iterator[TaskRun]:
        changed = self.tasks.get(flow_run_id, {})
        committed = self.base.tasks.get(flow_run_id, {})
        for task_run_id in self.base.pending.get(flow_run_id, {}):
            if task_run_id not in changed:
                yield committed[task_run_id]
        # A copy: the caller folds events while it walks.
        for changed_task in list(changed.values()):
            if changed_task is not None and changed_task.state.startswith("Pending"):
                yield changed_task

    def children_of(self, flow_run_id: str) -> Iterator[TaskRun]:
        """Its children that are running, in the order in which they changed last."""
        changed = self.tasks.get(flow_run_id, {})
        committed = self.base.tasks.get(flow_run_id, {})
        for task_run_id in self.base.children.get(flow_run_id, {}):
            if task_run_id not in changed:
                yield committed[task_run_id]
        for task in list(changed.values()):
            if task is not None and task.child is not None and is_running(task.state):
                yield task

    def held_by(self, runner_id: str) -> Iterator[TaskRun]:
        """The attempts that a runner holds, in this partition."""
        for flow_run_id, task_run_id in self.base.held.get(runner_id, {}):
            if task_run_id not in self.tasks.get(flow_run_id, {}):
                yield self.base.tasks[flow_run_id][task_run_id]
        for flow_run_id, task_run_id in list(self._touched.get(runner_id, ())):
            task = self.tasks[flow_run_id][task_run_id]
            if task is not None and task.runner_id == runner_id and is_running(task.state):
                yield task

    def held_of(self, flow_run_id: str, runner_id: str) -> Iterator[TaskRun]:
        """The attempts of one flow run that a runner holds."""
        return (task for task in self.held_by(runner_id) if task.flow_run_id == flow_run_id)

    def _put_task(self, task: TaskRun) -> None:
        flow_run_id, task_run_id = task.flow_run_id, task.task_run_id
        self.tasks.setdefault(flow_run_id, {})[task_run_id] = task
        if task.runner_id is not None:
            self._touched.setdefault(task.runner_id, {})[flow_run_id, task_run_id] = None

    def owned_by(self, runner_id: str) -> list[FlowRun]:
        """The flow runs that a runner owns and that have not ended."""
        # Sorted: the index is in another order after a restart.
        ids = sorted({*self.base.owned.get(runner_id, {}), *self.flows})
        found = (self.flow(flow_run_id) for flow_run_id in ids)
        return [
            flow
            for flow in found
            if flow is not None and flow.runner_id == runner_id and flow.end is None
        ]

    def able_in(self, scope: str) -> list[str]:
        """The living runners that end infrastructure of this scope from outside."""
        found = {key for key in self.base.able.get(scope, {}) if key not in self.runners}
        found |= {
            runner.runner_id
            for runner in self.runners.values()
            if runner is not None and runner.scope == scope and is_able(runner)
        }
        return sorted(found)

    def tearing_down(self) -> list[FlowRun]:
        """The flow runs for which the end of some infrastructure is under way."""
        ids = sorted({*self.base.tearing_down, *self.flows})
        found = (self.flow(flow_run_id) for flow_run_id in ids)
        return [flow for flow in found if flow is not None and is_tearing_down(flow)]

    def fold(self, entry: Entry) -> None:
        """Move an entry through every record that it touches.

        Raises:
            NoTransitionError: the state has no edge for it; the transaction must be thrown away.

        """
        self.at_ms = max(self.at_ms, entry.at_ms)
        if entry.version is None:
            return
        if entry.stream_kind is not StreamKind.FLOW:
            self._fold_other(entry)
        elif entry.task_run_id is not None:
            self._fold_task(entry, entry.task_run_id)
        else:
            self._fold_flow(entry)

    def _fold_other(self, entry: Entry) -> None:
        stream_id = entry.stream_id
        if entry.stream_kind is StreamKind.RUNNER:
            runner = evolve_runner(self.runner(stream_id), entry)
            is_forgotten = isinstance(entry.event, RunnerForgotten)
            self.runners[stream_id] = None if is_forgotten else runner
        elif entry.stream_kind is StreamKind.BULK:
            bulk = evolve_bulk(self.bulk(stream_id), entry)
            self.bulks[stream_id] = None if isinstance(entry.event, BulkForgotten) else bulk

    def _fold_task(self, entry: Entry, task_run_id: str) -> None:
        flow_run_id = entry.stream_id
        flow = self.flow(flow_run_id)
        if flow is None:
            raise NoTransitionError(flow_run_id, "unregistered", entry.event.type)
        before = self.task(flow_run_id, task_run_id)
        after = evolve_task(before, entry)
        self._put_task(after)
        self.flows[flow_run_id] = recount_step(flow, before, after, entry.version or 0)
        if flow.end is not None:
            # A child that outlives its parent: that one's record has the version of the stream.
            self.spoken[flow_run_id] = None
        if isinstance(entry.event, CancellationAcknowledged):
            self._mark_held(entry.event, flow_run_id)

    def _fold_flow(self, entry: Entry) -> None:
        event = entry.event
        flow_run_id = entry.stream_id
        before = self.flow(flow_run_id)
        if isinstance(event, FlowForgotten) and before is not None and flow_run_id in self.spoken:
            self.parted.append(before)
        self.spoken[flow_run_id] = None
        if isinstance(event, CancellationArmed | CancellationLapsed):
            self._fold_armed(event, entry)
            return
        flow = evolve_flow(before, entry)
        armed = self.armed_for(flow_run_id)
        if armed is not None:
            self.armed[flow_run_id] = None
            flow = flow._replace(cancellation=begun_before(armed))
        self.flows[flow_run_id] = flow
        if isinstance(event, CancellationAcknowledged):
            self._mark_held(event, flow_run_id)
        elif isinstance(event, FlowForgotten):
            self.flows[flow_run_id] = None
            self.drop_tasks(flow_run_id)

    def _fold_armed(self, event: CancellationArmed | CancellationLapsed, entry: Entry) -> None:
        flow_run_id = entry.stream_id
        is_armed = self.armed_for(flow_run_id) is not None
        if is_armed is isinstance(event, CancellationArmed) or self.flow(flow_run_id) is not None:
            state = "armed" if is_armed else "not armed"
            raise NoTransitionError(flow_run_id, state, event.type)
        # The one that was armed last is the last in every order.
        self.armed.pop(flow_run_id, None)
        self.spoken.pop(flow_run_id, None)
        self.spoken[flow_run_id] = None
        armed = armed_by(event, entry) if isinstance(event, CancellationArmed) else None
        self.armed[flow_run_id] = armed

    def _mark_held(self, event: CancellationAcknowledged, flow_run_id: str) -> None:
        for attempt in event.held:
            task = self.task(flow_run_id, attempt.task_run_id)
            # A runner speaks for itself alone.
            if (
                task is not None
                and task.attempt == attempt.attempt
                and task.runner_id == event.runner_id
            ):
                self._put_task(task._replace(held=attempt.can_stop))

    def drop_tasks(self, flow_run_id: str, limit: int | None = None) -> int:
        """Drop up to `limit` stubs of a flow run that has ended; how many were dropped.

        A child that is still running is kept for its end, unless all are dropped.
        """
        known = self._known_tasks(flow_run_id)
        if limit is not None:
            known = (task for task in known if task.end is not None)
        dropped = list(islice(known, limit))
        if dropped:
            changed = self.tasks.setdefault(flow_run_id, {})
            for task in dropped:
                if task.task_run_id in changed:
                    self.parted.append(task)
                changed[task.task_run_id] = None
        return len(dropped)

    def _known_tasks(self, flow_run_id: str) -> Iterator[TaskRun]:
        committed = self.base.tasks.get(flow_run_id, {})
        changed = self.tasks.get(flow_run_id, {})
        yield from (task for known, task in committed.items() if known not in changed)
        yield from (task for task in changed.values() if task is not None)

    def adopt(self) -> None:
        """Make it the committed state. Only after the commit."""
        for flow_run_id, flow in self.flows.items():
            self.base.put_flow(flow_run_id, flow)
        for flow_run_id, tasks in self.tasks.items():
            for task_run_id, task in tasks.items():
                self.base.put_task(flow_run_id, task_run_id, task)
        for runner_id, runner in self.runners.items():
            self.base.put_runner(runner_id, runner)
        for flow_run_id, armed in self.armed.items():
            self.base.put_armed(flow_run_id, armed)
        for bulk_id, bulk in self.bulks.items():
            self.base.put_bulk(bulk_id, bulk)
        self.base.last_at_ms = self.at_ms
