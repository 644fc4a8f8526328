"""What became of each task run, by the journal alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.table import Table

from rescind.cli.printing.output import columns
from rescind.events.journal import (
    Entry,
    FlowCancelled,
    TaskCancelled,
    TaskFailed,
    TaskRegistered,
    TaskStarted,
    TaskSucceeded,
)

__all__ = ["Ledger"]


@dataclass(slots=True)
class Line:
    """One task run."""

    name: str
    kind: str
    started: bool = False
    end: str = "open"
    how: str = ""
    confirmed: bool = True
    after_ms: int | None = None


@dataclass(slots=True)
class Ledger:
    """Hears the journal of one flow run, entry by entry."""

    lines: dict[str, Line] = field(default_factory=dict[str, Line])
    over: FlowCancelled | None = None

    def hear(self, entry: Entry) -> None:
        """Take in one entry."""
        event = entry.event
        if isinstance(event, FlowCancelled):
            self.over = event
        if entry.task_run_id is None:
            return
        if isinstance(event, TaskRegistered):
            self.lines[entry.task_run_id] = Line(event.name, event.kind)
            return
        line = self.lines.get(entry.task_run_id)
        if line is None:
            return
        if isinstance(event, TaskStarted):
            line.started = True
        elif isinstance(event, TaskSucceeded):
            line.end = "succeeded"
        elif isinstance(event, TaskFailed):
            line.end = event.end
        elif isinstance(event, TaskCancelled):
            line.end, line.how, line.confirmed = "cancelled", event.how, event.stopped_confirmed
            after = event.evidence.get("after_ms")
            line.after_ms = after if isinstance(after, int) else None

    def running(self) -> set[str]:
        """The names of task runs that were granted and have not ended."""
        return {line.name for line in self.lines.values() if line.started and line.end == "open"}

    def of(self, name: str) -> list[Line]:
        """The task runs of one task."""
        return [line for line in self.lines.values() if line.name == name]

    def table(self) -> Table:
        """The account for a person: stopped how fast, left to finish, never started."""
        table = columns(("task run", "ended", "how", "after the intent", "seen to be gone"))
        unstarted = 0
        for task_run_id, line in self.lines.items():
            if line.how == "never_started":
                unstarted += 1
                continue
            after = "" if line.after_ms is None else f"{line.after_ms} ms"
            seen = "" if line.end != "cancelled" else "yes" if line.confirmed else "no"
            table.add_row(task_run_id, line.end, line.how, after, seen)
        table.add_row(f"{unstarted} more", "cancelled", "never_started", "", "")
        return table


def ends_of(lines: Iterable[Line]) -> set[tuple[str, str]]:
    """How some task runs ended."""
    return {(line.end, line.how) for line in lines}
