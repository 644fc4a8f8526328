"""`Subject`: what one cancel is for: a flow run as a whole, or one task run of it alone."""

from typing import NamedTuple

from rescind.cli.printing.lines import is_end
from rescind.events.journal import (
    Entry,
    FlowCancelled,
    TaskCancelled,
    TaskFailed,
    TaskSucceeded,
)
from rescind.events.words import StreamKind

__all__ = ["Subject"]


class Subject(NamedTuple):
    """By its ids; as text, ``f`` or ``f/t``, as the journal's lines have it."""

    flow_run_id: str
    task_run_id: str | None = None

    def __str__(self) -> str:
        if self.task_run_id is None:
            return self.flow_run_id
        return f"{self.flow_run_id}/{self.task_run_id}"

    def is_about(self, entry: Entry) -> bool:
        """Whether an entry is part of its story; the end of its flow run is, of a task run."""
        if entry.stream_kind is not StreamKind.FLOW or entry.stream_id != self.flow_run_id:
            return False
        return self.task_run_id in {None, entry.task_run_id} or is_end(entry)

    def ends_by(self, entry: Entry) -> bool:
        if self.task_run_id is None or entry.task_run_id is None:
            return is_end(entry)
        return isinstance(entry.event, TaskCancelled | TaskFailed | TaskSucceeded)

    def is_cancelled_by(self, entry: Entry) -> bool:
        """Of an entry by which it ends."""
        return isinstance(entry.event, FlowCancelled | TaskCancelled)
