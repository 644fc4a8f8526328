"""What the entries of one flow run say, by what is asked of them when its story is told."""

from dataclasses import dataclass, field
from typing import Final

from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationArmed,
    CancellationEscalated,
    CancellationSent,
    CancellationWarning,
    ChildFinishedRecorded,
    ChildNotCancelled,
    Entry,
    ExecutorFailed,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowLateReport,
    FlowRegistered,
    FlowStarted,
    FlowSucceeded,
    InfrastructureTeardown,
    RequestDeniedRecorded,
    RequestRefused,
    TaskCancelled,
    TaskCancelling,
    TaskCleanupReported,
    TaskFailed,
    TaskLateReport,
    TaskRegistered,
    TaskStarted,
    TaskStoppingReported,
    TaskSucceeded,
)
from rescind.events.refusals import Code
from rescind.events.words import CascadePolicy, How
from rescind.telling.words import plain

__all__ = ["Known", "Task"]

_SWEPT: Final = frozenset({How.NEVER_STARTED, How.NOT_RETRIED})


@dataclass(slots=True)
class Known:
    """What the entries say, by what is asked of them."""

    registered: Entry | None = None
    started: Entry | None = None
    armed: Entry | None = None
    asked: Entry | None = None
    asked_again: list[Entry] = field(default_factory=list[Entry])
    turned_away: list[Entry] = field(default_factory=list[Entry])
    """Who was denied something, or asked to cancel it as a whole and was refused."""
    escalated: list[Entry] = field(default_factory=list[Entry])
    told: dict[str, int] = field(default_factory=dict[str, int])
    acknowledged: dict[str, int] = field(default_factory=dict[str, int])
    cannot_stop: set[str] = field(default_factory=set[str])
    tasks: dict[str, "Task"] = field(default_factory=dict[str, "Task"])
    teardowns: dict[str, Entry] = field(default_factory=dict[str, Entry])
    warnings: list[Entry] = field(default_factory=list[Entry])
    end: Entry | None = None
    late: list[Entry] = field(default_factory=list[Entry])

    def hear(self, entry: Entry) -> None:
        event = entry.event
        match event:
            case FlowRegistered():
                self.registered = entry
            case FlowStarted():
                self.started = entry
                if (body := event.body_task_run_id) is not None:
                    self.tasks[body] = Task(body, has_started=True)
            case FlowCancelled() | FlowFailed() | FlowSucceeded():
                self.end = entry
            case FlowLateReport() | TaskLateReport():
                self.late.append(entry)
            case _ if entry.task_run_id is None:
                self._hear_of_cancellation(entry)
            case _:
                self._hear_of_task(entry, entry.task_run_id)

    def _hear_of_cancellation(self, entry: Entry) -> None:
        event = entry.event
        match event:
            case CancellationArmed():
                self.armed = entry
            case FlowCancelling():
                self.asked = entry
            case InfrastructureTeardown():
                self.teardowns[event.target_runner_id] = entry
            case CancellationWarning() | ExecutorFailed():
                self.warnings.append(entry)
            case CancellationEscalated():
                self.escalated.append(entry)
            case CancellationSent():
                for runner_id in event.runner_ids:
                    self.told.setdefault(runner_id, entry.at_ms)
            case CancellationAcknowledged():
                self.acknowledged[event.runner_id] = entry.at_ms
                self.cannot_stop |= {h.task_run_id for h in event.held if not h.can_stop}
            case RequestRefused(code=Code.ALREADY_CANCELLING):
                self.asked_again.append(entry)
            case RequestRefused(request_type="flow.cancel") | RequestDeniedRecorded():
                self.turned_away.append(entry)
            case _:
                pass

    def _hear_of_task(self, entry: Entry, task_run_id: str) -> None:
        event = entry.event
        if isinstance(event, RequestRefused):
            return
        task = self.tasks.setdefault(task_run_id, Task(task_run_id))
        match event:
            case TaskRegistered() if event.child_flow_run_id is not None:
                task.policy = event.cascade or CascadePolicy.WAIT
            case ChildNotCancelled():
                task.is_left_alone = True
            case TaskStarted():
                task.has_started = True
            case TaskCancelling():
                task.asked_alone = entry
            case TaskStoppingReported():
                task.rungs.append(entry)
            case TaskCleanupReported() if event.outcome != "started":
                task.rungs.append(entry)
            case TaskCancelled() | TaskFailed() | TaskSucceeded() | ChildFinishedRecorded():
                task.end = entry
                if isinstance(event, TaskCancelled) and event.terms is not None:
                    task.asked_alone = entry
            case _:
                pass

    def called(self, task_run_id: str) -> str:
        """A task run by its id; the body of the flow run, which has one too, by what it is."""
        event = None if self.started is None else self.started.event
        if isinstance(event, FlowStarted) and event.body_task_run_id == task_run_id:
            return "its body"
        is_child = task_run_id in self.tasks and self.tasks[task_run_id].policy is not None
        return f"its child {plain(task_run_id)}" if is_child else plain(task_run_id)

    def is_awaited(self, task: "Task") -> bool:
        """Whether the flow run does not end before it: of a child that is a matter of policy."""
        event = None if self.asked is None else self.asked.event
        for_all = event.terms.cascade if isinstance(event, FlowCancelling) else None
        return task.policy is None or (for_all or task.policy) is CascadePolicy.WAIT


@dataclass(slots=True)
class Task:
    """One task run of it, a child or not."""

    task_run_id: str
    has_started: bool = False
    policy: CascadePolicy | None = None
    """Of a child."""
    is_left_alone: bool = False
    asked_alone: Entry | None = None
    """A cancel of this one; where it was not running, the end itself."""
    rungs: list[Entry] = field(default_factory=list[Entry])
    """Of the ladder, and after them what came of a clean-up."""
    end: Entry | None = None

    @property
    def is_swept(self) -> bool:
        """Whether nothing of it ran, or ran any more, when it ended."""
        event = None if self.end is None else self.end.event
        return isinstance(event, TaskCancelled) and event.how in _SWEPT
