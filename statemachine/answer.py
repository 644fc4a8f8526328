"""One request through the core: its outcome, and all that follows from it at once.

    decide ► entries ► who must be told ► what is swept ► settlement

Everything happens on a `Draft`; the caller writes the entries and the changed records in one
transaction and adopts the draft after the commit. What could not be swept within the budget is
returned, to be gone on with between other requests.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationArmed,
    CancellationClockFired,
    CancellationEscalated,
    CancellationLapsed,
    ChildFinishedRecorded,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowSucceeded,
    InfrastructureTeardown,
    RequestRefused,
    RunnerLeft,
    RunnerLostRecorded,
    RunnerRegistered,
    StreamKind,
    TaskCancelling,
    TaskFailed,
    TaskRegistered,
    TaskRetrying,
    TaskStarted,
    TaskSucceeded,
)
from rescind.events.refusals import Code
from rescind.events.requests import AnyRequest, Clock, Unreadable
from rescind.events.words import How
from rescind.statemachine.decide import Item, decide, items_of
from rescind.statemachine.decide.answers import Happened, as_events
from rescind.statemachine.decide.cancel import must_lapse
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling
from rescind.statemachine.ends import is_overdue, unconfirmed
from rescind.statemachine.envelope import Recorder
from rescind.statemachine.families import Errand, recorded
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.runs import TaskRun
from rescind.statemachine.settlement import settle
from rescind.statemachine.sweeps import Sweep, SweepKind, due_now, run_sweep
from rescind.statemachine.teardown import asked_of_newcomer
from rescind.statemachine.telling import intents_sent, who_is_concerned

__all__ = ["Core"]

_OF_TASK_RUNS = (TaskRegistered, TaskStarted, TaskSucceeded, TaskFailed, TaskRetrying)


class Core:
    """The core of one partition during one transaction.

    Attributes:
        recorder: the entries so far, in order.
        owed: sweeps that are not through yet.

    """

    def __init__(self, draft: Draft, policy: Policy, partition: int) -> None:
        self.draft = draft
        self.policy = policy
        self.recorder = Recorder(draft, partition)
        self.owed: dict[Sweep, None] = {}
        self._budget = policy.sweep_chunk

    def answer(self, request: AnyRequest | Unreadable, asked: Asked) -> list[Entry]:
        """Decide a request with all its items, and do what follows. Returns its own outcome."""
        if isinstance(request, Unreadable):
            return self.refuse(asked, Code.UNREADABLE, _what_is_unreadable(request))
        kind, stream_id = request.stream_kind, request.stream_id
        items = items_of(request)
        if items is None:
            answer = decide(request, None, asked, self.draft, self.policy)
            happened = as_events(answer, request.type, None)
            outcome = self.recorder.answer(asked, kind, stream_id, happened)
        elif len(items) == 1:
            answer = decide(request, items[0], asked, self.draft, self.policy)
            happened = as_events(answer, request.type, 0)
            outcome = self.recorder.answer(asked, kind, stream_id, happened)
        else:
            outcome = self._answer_items(request, items, asked)
        if len(outcome) > 1 or not self._has_no_sequel(outcome[0]):
            self._follow(len(self.recorder.entries) - len(outcome), asked.at_ms)
        return outcome

    def _answer_items(
        self, request: AnyRequest, items: Sequence[Item], asked: Asked
    ) -> list[Entry]:
        """Each item is decided on the state that the items before it have left."""
        made: list[Entry] = []
        expected = len(items)
        stream_id = request.stream_id
        for number, item in enumerate(items):
            answer = decide(request, item, asked, self.draft, self.policy)
            for happened in as_events(answer, request.type, number):
                entry = self.recorder.answer_item(asked, stream_id, happened, len(made), expected)
                made.append(entry)
        return self.recorder.complete(made, expected)

    def refuse(self, asked: Asked, code: Code, message: str) -> list[Entry]:
        """Refuse a record that names no run which could be looked at."""
        refused = Happened(RequestRefused(code=code, message=message[:2_000]))
        return self.note(asked, refused)

    def note(self, asked: Asked, happened: Happened) -> list[Entry]:
        """Record an outcome that belongs to the partition and to no run."""
        return self.recorder.answer(asked, StreamKind.PARTITION, str(asked.partition), [happened])

    def quarantine(
        self, asked: Asked, flow_run_id: str, refused: Happened, quarantined: Happened
    ) -> list[Entry]:
        """Refuse a request that met an impossible event, and close its flow run to all others."""
        return self.recorder.answer(asked, StreamKind.FLOW, flow_run_id, [refused, quarantined])

    def sweep(self, sweep: Sweep, at_ms: int, tasks_max: int | None = None) -> bool:
        """Go on with a sweep that an earlier transaction owes, by at most so many task runs.

        Returns:
            Whether this transaction may go on with it.

        """
        begin = len(self.recorder.entries)
        self._sweep(sweep, at_ms, tasks_max)
        self._follow(begin, at_ms)
        return sweep in self.owed and self._budget > 0

    def record_errands(self, errands: Iterable[Errand], at_ms: int) -> None:
        """Say in the streams that owed them that the broker has these errands."""
        begin = len(self.recorder.entries)
        for errand in errands:
            told = recorded(errand, self.draft)
            if told is not None:
                happened, cause = told
                self.recorder.derive(errand.flow_run_id, happened, cause, at_ms)
        self._follow(begin, at_ms)

    def _follow(self, begin: int, at_ms: int) -> None:
        """Whatever follows from the entries from `begin` on, and from what follows."""
        entries = self.recorder.entries
        last_of: dict[str, str] = {}
        position = begin
        # The list grows while it is walked.
        while position < len(entries):
            entry = entries[position]
            self._follow_one(entry, at_ms)
            if entry.version is not None and entry.stream_kind is StreamKind.FLOW:
                last_of[entry.stream_id] = entry.id
            position += 1
        for flow_run_id, cause in last_of.items():
            self._settle(flow_run_id, cause, at_ms)

    def _has_no_sequel(self, entry: Entry) -> bool:
        """Whether it is one of the many events of task runs from which nothing follows."""
        if entry.version is None:
            return True
        if not isinstance(entry.event, _OF_TASK_RUNS):
            return False
        flow = self.draft.flow(entry.stream_id)
        return flow is not None and flow.state == "Running"

    def _follow_one(self, entry: Entry, at_ms: int) -> None:
        event = entry.event
        match event:
            case FlowCancelling() | CancellationEscalated() | TaskCancelling():
                self._tell(entry, at_ms)
                if isinstance(event, FlowCancelling):
                    self._sweep(_of_flow(SweepKind.UNSTARTED, entry), at_ms)
                    self._speak_of_children(entry, at_ms)
            case CancellationAcknowledged(last=True):
                self._acknowledged(entry, event, at_ms)
            case CancellationClockFired():
                self._clock_fired(entry, event, at_ms)
            case RunnerLeft() | RunnerLostRecorded() | InfrastructureTeardown():
                for sweep in due_now(entry, self.draft):
                    self._sweep(sweep, at_ms)
            case RunnerRegistered():
                self._ask_newcomer(entry, at_ms)
            case FlowCancelled() | FlowFailed() | FlowSucceeded():
                self._after_the_end(entry, at_ms)
            case ChildFinishedRecorded() if self._has_ended(entry.stream_id):
                self._owe(_of_flow(SweepKind.STUBS, entry))
            case CancellationArmed():
                lapsing = must_lapse(self.draft, self.policy)
                if lapsing is not None:
                    lapsed = CancellationLapsed(cancellation_id=lapsing.cancellation_id)
                    self.recorder.derive(lapsing.flow_run_id, Happened(lapsed), entry.id, at_ms)
            case _:
                pass

    def _clock_fired(self, entry: Entry, fired: CancellationClockFired, at_ms: int) -> None:
        if fired.clock is Clock.ACKNOWLEDGE:
            self._tell(entry, at_ms)
        elif entry.task_run_id is None:
            self._sweep(_of_flow(SweepKind.OVERDUE, entry), at_ms)
        else:
            task = self.draft.task(entry.stream_id, entry.task_run_id)
            if task is not None and is_overdue(task, task.cancellation):
                self._end_unconfirmed(task, How.DEADLINE, entry, at_ms)

    def _ask_newcomer(self, entry: Entry, at_ms: int) -> None:
        """A runner that comes is told at once what nobody was there for."""
        runner = self.draft.runner(entry.stream_id)
        assert runner is not None  # It has just been registered.
        asked = asked_of_newcomer(runner, self.draft, at_ms, self.policy)
        # The rest by their clocks.
        for flow_run_id, happened in list(islice(asked, self._budget)):
            self.recorder.derive(flow_run_id, happened, entry.id, at_ms)
            self._budget -= 1

    def _acknowledged(self, entry: Entry, said: CancellationAcknowledged, at_ms: int) -> None:
        if entry.task_run_id is None:
            sweep = _of_flow(SweepKind.NOT_HELD, entry)
            self._sweep(sweep._replace(runner_id=said.runner_id), at_ms)
            return
        task = self.draft.task(entry.stream_id, entry.task_run_id)
        if task is not None and task.held is None:
            self._end_unconfirmed(task, How.NOT_HELD, entry, at_ms)

    def _end_unconfirmed(self, task: TaskRun, how: How, entry: Entry, at_ms: int) -> None:
        self.recorder.derive(entry.stream_id, unconfirmed(task, how), entry.id, at_ms)

    def _tell(self, entry: Entry, at_ms: int) -> None:
        """Every runner that holds a piece and has not acknowledged is told, and told again."""
        flow = self.draft.flow(entry.stream_id)
        if flow is None:
            return
        if entry.task_run_id is None:
            cancellation = flow.cancellation
            holders = who_is_concerned(flow, self.policy)
        else:
            task = self.draft.task(entry.stream_id, entry.task_run_id)
            if task is None or task.runner_id is None or not is_cancelling(task.state):
                return
            if task.child is not None or task.runner_id in flow.teardowns:
                return
            cancellation, holders = task.cancellation, [task.runner_id]
        if cancellation is None:
            return
        untold = [runner for runner in holders if runner not in cancellation.acknowledged]
        if untold:
            sent = intents_sent(cancellation, untold, flow, at_ms, self.policy)
            happened = Happened(sent, entry.task_run_id, entry.attempt)
            self.recorder.derive(entry.stream_id, happened, entry.id, at_ms)

    def _sweep(self, sweep: Sweep, at_ms: int, tasks_max: int | None = None) -> None:
        budget = self._budget if tasks_max is None else min(tasks_max, self._budget)
        swept, done = run_sweep(sweep, self.recorder, self.policy, at_ms, budget)
        self._budget -= swept
        if done:
            self.owed.pop(sweep, None)
        else:
            self._owe(sweep)

    def _owe(self, sweep: Sweep) -> None:
        self.owed[sweep] = None

    def _settle(self, flow_run_id: str, cause: str, at_ms: int) -> None:
        flow = self.draft.flow(flow_run_id)
        ended = None if flow is None else settle(flow, at_ms)
        if flow is not None and ended is not None:
            # Nobody asks for this end; who asked for what led to it is part of the account.
            asked_by = None if flow.cancellation is None else flow.cancellation.actor
            entry = self.recorder.derive(flow_run_id, ended, cause, at_ms, actor=asked_by)
            self._after_the_end(entry, at_ms)

    def _after_the_end(self, entry: Entry, at_ms: int) -> None:
        self._owe(_of_flow(SweepKind.STUBS, entry))
        self._speak_of_children(entry, at_ms)

    def _speak_of_children(self, entry: Entry, at_ms: int) -> None:
        flow = self.draft.flow(entry.stream_id)
        if flow is not None and flow.children:
            self._sweep(_of_flow(SweepKind.CHILDREN, entry), at_ms)

    def _has_ended(self, flow_run_id: str) -> bool:
        flow = self.draft.flow(flow_run_id)
        return flow is not None and flow.end is not None


def _of_flow(kind: SweepKind, entry: Entry) -> Sweep:
    return Sweep(kind, entry.stream_id, "", entry.id)


def _what_is_unreadable(unreadable: Unreadable) -> str:
    return f"{unreadable.path}: {unreadable.message}" if unreadable.path else unreadable.message
