"""Everything that one partition knows, as it was after the last committed transaction.

Records by id, and indexes that follow from them: who holds what, what waits to be swept. A
transaction works on a `Draft` above this and is adopted only after its commit, so a batch that
fails leaves no trace here.
"""

from collections.abc import Iterable
from typing import TypeVar

from rescind.statemachine.edges import is_cancelling, is_finished, is_running
from rescind.statemachine.runs import NO_TALLY, Armed, Bulk, FlowRun, RunnerRecord, TaskRun
from rescind.statemachine.tally import child_running, counted, holder_of

__all__ = [
    "AttemptRef",
    "Known",
    "Partition",
    "gives_way",
    "is_able",
    "is_tearing_down",
    "owes_its_parent",
    "restore",
]

_Value = TypeVar("_Value")

AttemptRef = tuple[str, str]
"""A flow run's id and a task run's id."""

Known = FlowRun | TaskRun | RunnerRecord | Armed | Bulk
"""What a partition keeps a record of."""


class Partition:
    """The committed records of one partition and their indexes.

    Indexes are dicts used as ordered sets: what is swept first must not depend on a hash seed.
    """

    def __init__(self) -> None:
        self.flows: dict[str, FlowRun] = {}
        self.tasks: dict[str, dict[str, TaskRun]] = {}
        self.runners: dict[str, RunnerRecord] = {}
        self.armed: dict[str, Armed] = {}
        self.bulks: dict[str, Bulk] = {}
        self.pending: dict[str, dict[str, None]] = {}
        """Task runs without a grant, by flow run."""
        self.held: dict[str, dict[AttemptRef, None]] = {}
        """Attempts that are running, by the runner that holds them."""
        self.children: dict[str, dict[str, None]] = {}
        """Task runs of kind child that are running, by flow run."""
        self.owned: dict[str, dict[str, None]] = {}
        """Flow runs that have not ended, by the runner that owns them."""
        self.cancelling: dict[str, None] = {}
        """Flow runs that are being cancelled."""
        self.tearing_down: dict[str, None] = {}
        """Flow runs that have ordered the end of infrastructure which is not over."""
        self.able: dict[str, dict[str, None]] = {}
        """Living runners that end infrastructure from outside, by the scope that they reach."""
        self.finished = 0
        """Flow runs that have ended and give way when there are too many."""
        self.gone = 0
        """Runners that are gone, likewise."""
        self.last_at_ms = 0

    def put(self, known: Known) -> None:
        """Set a record, whatever it is of."""
        match known:
            case FlowRun():
                self.put_flow(known.flow_run_id, known)
            case TaskRun():
                self.put_task(known.flow_run_id, known.task_run_id, known)
            case RunnerRecord():
                self.put_runner(known.runner_id, known)
            case Armed():
                self.put_armed(known.flow_run_id, known)
            case Bulk():
                self.put_bulk(known.bulk_id, known)

    def put_flow(self, flow_run_id: str, flow: FlowRun | None) -> None:
        """Set or drop a flow run."""
        before = self.flows.get(flow_run_id)
        self.finished += gives_way(flow) - gives_way(before)
        if before is not None and before.runner_id is not None:
            _discard(self.owned, before.runner_id, flow_run_id)
        if flow is None:
            self.flows.pop(flow_run_id, None)
            self.cancelling.pop(flow_run_id, None)
            self.tearing_down.pop(flow_run_id, None)
            return
        self.flows[flow_run_id] = flow
        if is_cancelling(flow.state):
            self.cancelling.setdefault(flow_run_id)
        else:
            self.cancelling.pop(flow_run_id, None)
        if flow.teardowns and is_tearing_down(flow):
            self.tearing_down.setdefault(flow_run_id)
        else:
            self.tearing_down.pop(flow_run_id, None)
        if flow.runner_id is not None and not is_finished(flow.state):
            self.owned.setdefault(flow.runner_id, {})[flow_run_id] = None

    def put_task(self, flow_run_id: str, task_run_id: str, task: TaskRun | None) -> None:
        """Set or drop a task run."""
        of_flow = self.tasks.setdefault(flow_run_id, {})
        before = of_flow.get(task_run_id)
        if before is not None:
            self._unindex(before)
        if task is None:
            of_flow.pop(task_run_id, None)
            if not of_flow:
                del self.tasks[flow_run_id]
            return
        of_flow[task_run_id] = task
        if task.state.startswith("Pending"):
            self.pending.setdefault(flow_run_id, {})[task_run_id] = None
        elif is_running(task.state):
            if task.runner_id is not None:
                self.held.setdefault(task.runner_id, {})[flow_run_id, task_run_id] = None
            if task.child is not None:
                self.children.setdefault(flow_run_id, {})[task_run_id] = None

    def put_runner(self, runner_id: str, runner: RunnerRecord | None) -> None:
        """Set or drop a runner."""
        before = self.runners.get(runner_id)
        if before is not None:
            _discard(self.able, before.scope, runner_id)
        self.gone += gives_way(runner) - gives_way(before)
        if runner is None:
            self.runners.pop(runner_id, None)
            return
        self.runners[runner_id] = runner
        if is_able(runner):
            self.able.setdefault(runner.scope, {})[runner_id] = None

    def put_armed(self, flow_run_id: str, armed: Armed | None) -> None:
        """Set or drop an armed cancellation."""
        # Not in the place of an earlier one: the order is that of arming.
        self.armed.pop(flow_run_id, None)
        if armed is not None:
            self.armed[flow_run_id] = armed

    def put_bulk(self, bulk_id: str, bulk: Bulk | None) -> None:
        """Set or drop a bulk cancellation."""
        if bulk is None:
            self.bulks.pop(bulk_id, None)
        else:
            self.bulks[bulk_id] = bulk

    def recount(self) -> None:
        """Derive every flow run's counts from its task runs.

        The counts are not written with each task run's end, nor is the stream's version: after
        a restore they follow from the records of the task runs. The account of a finished flow
        run stands, its task runs may be gone already; children may still be running.
        """
        for flow_run_id, flow in list(self.flows.items()):
            tasks = self.tasks.get(flow_run_id, {})
            if not is_finished(flow.state):
                self.flows[flow_run_id] = recounted(flow, tasks.values())
            elif flow_run_id in self.children:
                kept = recounted(flow, tasks.values())._replace(tally=flow.tally)
                self.put_flow(flow_run_id, kept)

    def _unindex(self, task: TaskRun) -> None:
        if task.state.startswith("Pending"):
            _discard(self.pending, task.flow_run_id, task.task_run_id)
            return
        if task.runner_id is not None:
            _discard(self.held, task.runner_id, (task.flow_run_id, task.task_run_id))
        if task.child is not None:
            _discard(self.children, task.flow_run_id, task.task_run_id)


def gives_way(known: FlowRun | RunnerRecord | None) -> bool:
    """Whether it may be forgotten before its time, where too many that have ended are kept.

    Nothing of a flow run is open then, a child or a teardown either, and its parent was told.
    """
    if known is None:
        return False
    if isinstance(known, RunnerRecord):
        return known.state != "Registered"
    if known.end is None or known.quarantined or known.children:
        return False
    return not (owes_its_parent(known) or is_tearing_down(known))


def owes_its_parent(flow: FlowRun) -> bool:
    """Whether it has a parent that was not told its end."""
    return flow.parent is not None and not flow.end_told


def is_tearing_down(flow: FlowRun) -> bool:
    """Whether the end of some infrastructure is under way for this flow run."""
    return any(known.over is None for known in flow.teardowns.values())


def is_able(runner: RunnerRecord) -> bool:
    """Whether this runner lives and ends infrastructure from outside."""
    capabilities = runner.capabilities
    return runner.state == "Registered" and capabilities is not None and capabilities.can_tear_down


def restore(records: Iterable[Known], last_at_ms: int = 0) -> Partition:
    """A partition from the last record of each run, in the order in which those were written.

    That order is the one in which things are swept, and so the same as before a restart.
    """
    partition = Partition()
    for known in records:
        partition.put(known)
    partition.recount()
    partition.last_at_ms = last_at_ms
    return partition


def recounted(flow: FlowRun, tasks: Iterable[TaskRun]) -> FlowRun:
    """The flow run with counts and version as its task runs have them."""
    pending = running = children = unwaited = 0
    version = flow.version
    holders: dict[str, int] = {}
    tally = NO_TALLY
    for task in tasks:
        version = max(version, task.version)
        now = holder_of(task)
        if now is not None:
            running += 1
            if now:
                holders[now] = holders.get(now, 0) + 1
        elif task.state.startswith("Pending"):
            pending += 1
        if task.child is not None:
            is_one, is_unwaited = child_running(task)
            children += is_one
            unwaited += is_unwaited
        tally = counted(tally, task)
    return flow._replace(
        version=version,
        pending=pending,
        running=running,
        holders=holders,
        tally=tally,
        children=children,
        unwaited=unwaited,
    )


def _discard(index: dict[str, dict[_Value, None]], key: str, value: _Value) -> None:
    values = index.get(key)
    if values is not None:
        values.pop(value, None)
        if not values:
            del index[key]
