"""One partition in memory, and what it has been asked: the shell of the core, without Kafka.

Each request is a transaction of its own: decided on a draft, written, adopted. What is written
is kept as the topics would keep it, so that `restart` finds exactly that. Sweeps that a
transaction owes wait until `sweep`. Time stands still unless a test moves it. The journal is
held to the invariants at every step, so each test of a rule is one of those too.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rescind.events import levels
from rescind.events.journal import Entry
from rescind.events.moments import moment_from_text
from rescind.events.requests import AnyRequest, FlowCancel, Lane, Unreadable
from rescind.statemachine.answer import Core
from rescind.statemachine.audit import Auditor, Topic
from rescind.statemachine.clocks import flow_clocks, task_clocks
from rescind.statemachine.draft import Draft
from rescind.statemachine.families import all_errands, errand_request
from rescind.statemachine.partition import Known, Partition, restore
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.records import (
    BULK_KEY,
    open_record,
    public_flow,
    public_task,
    read_open,
)
from rescind.statemachine.runs import FlowRun, TaskRun
from rescind.statemachine.sweeps import Sweep, all_sweeps

__all__ = ["NOON_MS", "RUN", "World", "Written", "is_of_service"]

NOON_MS: Final = moment_from_text("2026-11-22T12:00:00.000Z")
RUN: Final = "run-1"

# A restart at each step would read what has not changed again and again.
_read_once = lru_cache(maxsize=1_000)(read_open)


class Written:
    """The last record of each key in the compacted topics, in the order of writing."""

    def __init__(self) -> None:
        self.open: dict[str, bytes] = {}
        self.flow_states: dict[str, bytes] = {}
        self.task_states: dict[str, bytes] = {}

    def write(self, draft: Draft) -> None:
        """What one transaction writes beside its entries."""
        for run in draft.parted:
            if isinstance(run, TaskRun):
                self.task_states[f"{run.flow_run_id}/{run.task_run_id}"] = public_task(run)
            else:
                self.flow_states[run.flow_run_id] = public_flow(run)
        for flow_run_id, tasks in draft.tasks.items():
            for task_run_id, task in tasks.items():
                self._put(f"{flow_run_id}/{task_run_id}", task)
                if task is not None:
                    self.task_states[f"{flow_run_id}/{task_run_id}"] = public_task(task)
        for flow_run_id in draft.spoken:
            flow = draft.flow(flow_run_id)
            self._put(flow_run_id, flow or draft.armed_for(flow_run_id))
            if flow is not None:
                self.flow_states[flow_run_id] = public_flow(flow)
        for runner_id, runner in draft.runners.items():
            self._put(f"@runners/{runner_id}", runner)
        for bulk_id, bulk in draft.bulks.items():
            self._put(f"{BULK_KEY}{bulk_id}", bulk)

    def topics(self) -> dict[Topic, dict[str, bytes]]:
        """Each compacted topic, as a reader of it finds it."""
        topics: dict[Topic, dict[str, bytes]] = {topic: {} for topic in Topic}
        topics[Topic.FLOW_STATES] |= self.flow_states
        topics[Topic.TASK_STATES] |= self.task_states
        for key, value in self.open.items():
            if key.startswith("@runners/"):
                topics[Topic.RUNNERS][key.removeprefix("@runners/")] = value
            else:
                of_task = "/" in key and not key.startswith(BULK_KEY)
                topics[Topic.OPEN_TASKS if of_task else Topic.OPEN_FLOWS][key] = value
        return topics

    def _put(self, key: str, known: Known | None) -> None:
        self.open.pop(key, None)
        if known is not None:
            self.open[key] = open_record(known, levels.NEWEST)


class World:
    """The committed state of partition 0, its journal, and what it still owes."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.base = Partition()
        self.written = Written()
        self.journal: list[Entry] = []
        self.owed: dict[Sweep, None] = {}
        self.auditor = Auditor(0)
        self.now_ms = NOON_MS
        self._ids: set[str] = set()
        self._previous: dict[Lane, int] = {"start": -1, "stop": -1}

    def begin(self) -> Core:
        """A transaction on the committed state."""
        return Core(Draft(self.base), self.policy, 0)

    def asked(
        self, request: AnyRequest | Unreadable, lane: Lane, *, signed: bool | None = None
    ) -> Asked:
        """Where the next record of a lane lies; by itself what only the service asks is signed."""
        previous = self._previous[lane]
        # Now and then a gap: the markers of transactions take offsets too.
        offset = previous + (1 if previous % 3 else 2)
        of_service = not isinstance(request, Unreadable) and is_of_service(request)
        return Asked(
            lane=lane,
            partition=0,
            offset=offset,
            previous=previous,
            at_ms=max(self.now_ms, self.base.last_at_ms),
            request_id=request.request_id or f"{lane}-0-{offset}",
            actor=None if isinstance(request, Unreadable) else request.actor,
            signed=of_service if signed is None else signed,
            traceparent=None if isinstance(request, Unreadable) else request.traceparent,
        )

    def ask(self, request: AnyRequest, *, signed: bool | None = None) -> list[Entry]:
        """One request in a transaction of its own; every entry that it led to."""
        core = self.begin()
        asked = self.asked(request, request.lane, signed=signed)
        core.answer(request, asked)
        self.took(asked)
        return self.commit(core)

    def took(self, asked: Asked) -> None:
        """That record of a lane was read."""
        self._previous[asked.lane] = asked.offset

    def send_errands(self) -> list[AnyRequest]:
        """Tell others what is owed, as if the broker had it at once; what they are told."""
        owed = all_errands(self.base)
        asked = [errand_request(errand, self.base, self.now_ms) for errand in owed]
        core = self.begin()
        core.record_errands(owed, core.draft.at_ms)
        self.commit(core)
        return [request for request in asked if request is not None]

    def sweep(self) -> list[Entry]:
        """One transaction that goes on with all that is owed."""
        core = self.begin()
        owed, self.owed = self.owed, {}
        for sweep in owed:
            core.sweep(sweep, core.draft.at_ms)
        return self.commit(core)

    def sweep_all(self) -> list[Entry]:
        """Transactions until nothing is owed."""
        swept: list[Entry] = []
        while self.owed:
            swept += self.sweep()
        return swept

    def commit(self, core: Core) -> list[Entry]:
        """Make a transaction the state."""
        self.written.write(core.draft)
        core.draft.adopt()
        self.owed.update(core.owed)
        for entry in core.recorder.entries:
            read = Entry.from_json(entry.to_json())
            assert read == entry
            assert read.id not in self._ids, f"{read.id} is the id of two events"
            self._ids.add(read.id)
            self.auditor.see(len(self.journal), read)
            self.journal.append(read)
        found = self.auditor.findings(at_end=False)
        assert found == [], found
        return core.recorder.entries

    def restored(self) -> Partition:
        """The state as a restart finds it."""
        return restore(map(_read_once, self.written.open.values()), self.base.last_at_ms)

    def restart(self) -> None:
        """Forget everything but what is written, and take up what is owed."""
        self.base = self.restored()
        self.owed = dict.fromkeys(all_sweeps(self.base))

    def later(self, seconds: float) -> None:
        """Let the broker's clock go on."""
        self.now_ms += round(seconds * 1000)

    def flow(self, flow_run_id: str = RUN) -> FlowRun:
        """A flow run that has to be there."""
        return self.base.flows[flow_run_id]

    def task(self, task_run_id: str, flow_run_id: str = RUN) -> TaskRun:
        """A task run that has to be there."""
        return self.base.tasks[flow_run_id][task_run_id]

    def states(self, task_run_ids: Iterable[str]) -> list[str]:
        """The states of some task runs of the one flow run."""
        return [self.task(task_run_id).state for task_run_id in task_run_ids]

    def clocks(self, task_run_id: str | None = None) -> dict[str, int]:
        """Running clocks of the one flow run, or of a task run of it, by when they are due."""
        if task_run_id is not None:
            running = task_clocks(self.task(task_run_id), self.flow())
        else:
            running = flow_clocks(self.flow(), self.policy)
        return {clock.value: due_ms for clock, due_ms in running.items()}


def is_of_service(request: AnyRequest) -> bool:
    """Whether the service signs it, as it does all that only it may ask."""
    return request.service_only or (isinstance(request, FlowCancel) and request.parent is not None)
