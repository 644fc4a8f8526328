"""What became of each task run of the demo, by the journal alone."""

from dataclasses import dataclass, field

from rescind.events.journal import (
    CancellationAcknowledged,
    Entry,
    FlowCancelled,
    FlowCancelling,
    TaskCancelled,
    TaskFailed,
    TaskRegistered,
    TaskStarted,
    TaskSucceeded,
)

__all__ = ["Ledger", "Line"]


@dataclass(slots=True)
class Line:
    """One task run. ``after_ms``: from the intent to its end, on the runner's clock."""

    task_run_id: str
    name: str
    kind: str
    started: bool = False
    end: str = "open"
    how: str = ""
    confirmed: bool = True
    after_ms: int | None = None


@dataclass(slots=True)
class Ledger:
    """Hears the journal of one flow run, entry by entry. Times are the broker's."""

    lines: dict[str, Line] = field(default_factory=dict[str, Line])
    asked_ms: int | None = None
    acknowledged_ms: int | None = None
    over: FlowCancelled | None = None

    def hear(self, entry: Entry) -> None:
        """Take in one entry."""
        event = entry.event
        match event:
            case FlowCancelling():
                self.asked_ms = entry.at_ms
            case CancellationAcknowledged() if self.acknowledged_ms is None:
                self.acknowledged_ms = entry.at_ms
            case FlowCancelled():
                self.over = event
            case _:
                if entry.task_run_id is not None:
                    self._hear_of_task(entry, entry.task_run_id)

    def _hear_of_task(self, entry: Entry, task_run_id: str) -> None:
        event = entry.event
        if isinstance(event, TaskRegistered):
            self.lines[task_run_id] = Line(task_run_id, event.name, event.kind)
            return
        line = self.lines.get(task_run_id)
        if line is None:
            return
        match event:
            case TaskStarted():
                line.started = True
            case TaskSucceeded():
                line.end = "succeeded"
            case TaskFailed():
                line.end = event.end
            case TaskCancelled():
                line.end, line.how = "cancelled", event.how.value
                line.confirmed = event.stopped_confirmed
                after = event.evidence.get("after_ms")
                line.after_ms = after if isinstance(after, int) else None
            case _:
                pass

    def granted(self) -> set[str]:
        """The names of tasks of which a run was granted and has not ended."""
        return {line.name for line in self.lines.values() if line.started and line.end == "open"}

    def of(self, name: str) -> list[Line]:
        """The task runs of one task."""
        return [line for line in self.lines.values() if line.name == name]
