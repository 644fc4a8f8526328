"""The fold of a journal, and what has to hold at each step of it.

The fold is the one that the service itself uses. What is held in memory is what is open, and
of what has ended the flow run and one number for each of its task runs, until it is forgotten.
"""

from typing import Any

from rescind.errors import NoTransitionError
from rescind.events.journal import (
    CancellationLapsed,
    Entry,
    FlowCancelled,
    FlowFailed,
    FlowForgotten,
    FlowSucceeded,
    StreamKind,
    TaskStarted,
)
from rescind.statemachine.audit.digests import Digests
from rescind.statemachine.audit.findings import FindingCode, Findings
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import FLOW_EDGES, is_cancelling, is_finished
from rescind.statemachine.evolve.step import trigger_of
from rescind.statemachine.partition import Partition
from rescind.statemachine.records import public_task
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["Streams"]

_ENDS = (FlowCancelled, FlowFailed, FlowSucceeded)


class Streams:
    """Every stream of one partition, folded, and held to the invariants that one can see there.

    Attributes:
        draft: the fold.
        spoken: the version of each flow run's last event of its own.
        ended: task runs of flow runs that have ended, as their last states.
        forgotten: ids of flow runs that were forgotten.

    """

    def __init__(self, findings: Findings) -> None:
        self.draft = Draft(Partition())
        self.spoken: dict[str, int] = {}
        self.ended: dict[str, Digests] = {}
        self.forgotten = Digests()
        self._findings = findings
        self._broken: set[tuple[StreamKind, str]] = set()
        self._unsettled: dict[str, str] = {}

    def see(self, entry: Entry) -> None:
        """Fold one entry."""
        if self._unsettled and entry.source is not None and entry.source.nth == 0:
            self.end(self._findings)
            self._unsettled.clear()
        version, stream_id = entry.version, entry.stream_id
        if version is None or (self._broken and (entry.stream_kind, stream_id) in self._broken):
            return
        of_flow = entry.stream_kind is StreamKind.FLOW
        flow = self.draft.flows.get(stream_id) if of_flow else None
        others = self._others(entry.stream_kind)
        known = flow or others.get(stream_id)
        due = 1 if known is None else known.version + 1
        if version != due and not self._is_ahead(entry, version, due):
            return
        if not of_flow:
            if self._fold(entry) and others[stream_id] is None:
                del others[stream_id]
        elif (flow is None or self._may_follow(entry, flow)) and self._fold(entry):
            self._after(entry)

    def _others(self, kind: StreamKind) -> dict[str, Any]:
        """What there is in streams of this kind, beside flow runs."""
        if kind is StreamKind.FLOW:
            return self.draft.armed
        return self.draft.bulks if kind is StreamKind.BULK else self.draft.runners

    def end(self, findings: Findings) -> None:
        """Another request begins, or the journal ends: what was to settle had to have settled."""
        for flow_run_id, where in self._unsettled.items():
            findings.add(
                FindingCode.NOT_SETTLED,
                f"the end of {flow_run_id!r} in the same transaction, as nothing of it is open",
                "it did not follow",
                where=where,
            )

    def _is_ahead(self, entry: Entry, version: int, due: int) -> bool:
        code = FindingCode.VERSION_GAP if version > due else FindingCode.VERSION_REPEATED
        self._findings.add(
            code, f"version {due} of {entry.stream_id!r}", f"it is version {version}"
        )
        return version > due

    def _may_follow(self, entry: Entry, flow: FlowRun) -> bool:
        """Whether it can be folded; what can be, though it must not be there, is folded too."""
        event = entry.event
        if is_finished(flow.state) and not self._may_follow_the_end(entry, flow):
            self._is_over(entry, flow.state)
            # Counted all the same: what follows is not wrong because this was.
            self.draft.flows[entry.stream_id] = flow._replace(version=entry.version or 0)
            return False
        if entry.task_run_id is None:
            if isinstance(event, _ENDS) and flow.open:
                self._findings.add(
                    FindingCode.ENDED_WITH_OPEN_WORK,
                    f"nothing of {entry.stream_id!r} to be open at its end",
                    f"{flow.open} task runs are",
                )
            return True
        task = self.draft.tasks.get(entry.stream_id, {}).get(entry.task_run_id)
        if task is not None and is_finished(task.state):
            self._is_over(entry, task.state)
            self.draft.flows[entry.stream_id] = flow._replace(version=entry.version or 0)
            return False
        if isinstance(event, TaskStarted) and is_cancelling(flow.state):
            self._findings.add(
                FindingCode.STARTED_WHILE_CANCELLING,
                f"no start in {entry.stream_id!r} after it was asked to stop",
                f"{entry.task_run_id!r} was started",
            )
        return True

    def _may_follow_the_end(self, entry: Entry, flow: FlowRun) -> bool:
        if entry.task_run_id is None:
            return (flow.state, trigger_of(entry)) in FLOW_EDGES
        task = self.draft.tasks.get(entry.stream_id, {}).get(entry.task_run_id)
        # A child may outlive its parent.
        return task is not None and task.child is not None and entry.event.type.startswith("child.")

    def _is_over(self, entry: Entry, state: str) -> None:
        self._findings.add(
            FindingCode.AFTER_END,
            f"nothing to change what is {state}",
            f"{entry.event.type} of {entry.task_run_id or entry.stream_id!r} followed",
        )

    def _fold(self, entry: Entry) -> bool:
        try:
            self.draft.fold(entry)
        except NoTransitionError as error:
            # Once: what comes after it in this stream is about a state that nobody knows.
            self._broken.add((entry.stream_kind, entry.stream_id))
            self._unsettled.pop(entry.stream_id, None)
            self._findings.add(
                FindingCode.IMPOSSIBLE_EVENT,
                f"an event that {error.state!r} allows",
                f"{error.run_id!r} got {error.event!r}",
            )
            return False
        return True

    def _after(self, entry: Entry) -> None:
        """What the fold has to do with a flow run's entry beside folding it."""
        flow_run_id = entry.stream_id
        flow = self.draft.flows.get(flow_run_id)
        if entry.task_run_id is None:
            self.draft.spoken.clear()
            self.spoken[flow_run_id] = entry.version or 0
            if isinstance(entry.event, FlowForgotten | CancellationLapsed):
                self._forget(flow_run_id)
                return
            if isinstance(entry.event, _ENDS):
                self._shelve(flow_run_id)
        elif flow is not None and flow.end is not None:
            self._shelve_one(flow_run_id, entry.task_run_id)
        if flow is None:
            return
        if self.draft.armed.get(flow_run_id, flow) is None:
            del self.draft.armed[flow_run_id]
        if not flow.open and is_cancelling(flow.state) and not flow.quarantined:
            self._unsettled[flow_run_id] = self._findings.here
        elif self._unsettled:
            self._unsettled.pop(flow_run_id, None)

    def _shelve(self, flow_run_id: str) -> None:
        shelved = self.ended[flow_run_id] = Digests()
        outliving = dict[str, TaskRun | None]()
        for task in self.draft.tasks.pop(flow_run_id, {}).values():
            if task is None:
                continue
            if task.child is not None and task.end is None:
                outliving[task.task_run_id] = task
            else:
                shelved.add(public_task(task))
        if outliving:
            self.draft.tasks[flow_run_id] = outliving

    def _shelve_one(self, flow_run_id: str, task_run_id: str) -> None:
        """A child has ended after its parent."""
        tasks = self.draft.tasks.get(flow_run_id, {})
        task = tasks.get(task_run_id)
        if task is not None and task.end is not None:
            del tasks[task_run_id]
            self.ended[flow_run_id].add(public_task(task))

    def _forget(self, flow_run_id: str) -> None:
        self.forgotten.add(flow_run_id.encode())
        for known in (self.draft.flows, self.draft.armed, self.draft.tasks):
            known.pop(flow_run_id, None)
        self.spoken.pop(flow_run_id, None)
        self.ended.pop(flow_run_id, None)
