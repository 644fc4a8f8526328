"""One stretch of a partition's journal, folded as the service folds it.

A stretch ends before an id begins another life, so that what is in the tables of the life before
is written, and taken away, first.
"""

from collections.abc import Iterable, Iterator, Sequence

from rescind.errors import NoTransitionError
from rescind.events.journal import (
    BulkForgotten,
    CancellationLapsed,
    Entry,
    FlowForgotten,
    FlowRegistered,
    RunnerForgotten,
    TaskRegistered,
)
from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.folding_bulks import BulkFold
from rescind.server.readmodel.projecting.known import Known, TaskKey
from rescind.server.readmodel.projecting.placed import Placed, Stream
from rescind.statemachine.draft import Draft
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["Fold", "stretches"]

_LAST = (FlowForgotten, CancellationLapsed, RunnerForgotten, BulkForgotten)
"""After these nothing is known of a stream, so nothing wrong can be either."""


def stretches(placed: Sequence[Placed]) -> Iterator[Sequence[Placed]]:
    """Records of one partition in parts, in none of which an id has more than one life."""
    if not any(one.entry is not None and isinstance(one.entry.event, _LAST) for one in placed):
        yield placed
        return
    stretch: list[Placed] = []
    over = set[Stream]()
    for one in placed:
        stream = one.stream
        if stream in over:
            yield stretch
            stretch, over = [], set()
        if stream is not None and one.entry is not None and isinstance(one.entry.event, _LAST):
            over.add(stream)
        stretch.append(one)
    if stretch:
        yield stretch


class Fold:
    """What a stretch has changed above what was known.

    Attributes:
        draft: the runs that it has moved.
        halted: the streams that stand still, with those from before.
        newly_halted: those that stand still because of this stretch: where, and why.
        moving: those that stood still, and of which nothing is known any more.
        forgotten: flow runs that were forgotten, with the time.
        new_flows, new_tasks: runs that have no row yet, with the offset of their registration.
        bulks: what has changed of bulk cancellations.

    """

    def __init__(self, known: Known, halted: Iterable[Stream]) -> None:
        self.known = known
        self.draft = Draft(known.base)
        self.halted = set(halted)
        self.newly_halted: dict[Stream, tuple[int, str]] = {}
        self.moving = set[Stream]()
        self.forgotten: dict[str, int] = {}
        self.new_flows: dict[str, int] = {}
        self.new_tasks: dict[TaskKey, int] = {}
        self.bulks = BulkFold(self.draft)

    def see(self, placed: Sequence[Placed]) -> list[Placed]:
        """Fold records; the same ones, with an error where one could be read and not folded."""
        return [self._see(one) for one in placed]

    def flow_runs(self) -> dict[str, FlowRun]:
        """Every flow run that was moved, as it was last."""
        moved = {run.flow_run_id: run for run in self.draft.parted if isinstance(run, FlowRun)}
        return moved | {key: flow for key, flow in self.draft.flows.items() if flow is not None}

    def task_runs(self) -> list[TaskRun]:
        """Every task run that was moved, as it was last."""
        moved = [run for run in self.draft.parted if isinstance(run, TaskRun)]
        return moved + [
            task
            for tasks in self.draft.tasks.values()
            for task in tasks.values()
            if task is not None
        ]

    def _see(self, one: Placed) -> Placed:
        entry = one.entry
        if entry is None or entry.version is None:
            if one.halts is not None:
                self._halt(one.halts, one.record.offset, one.error or "")
            return one
        if isinstance(entry.event, FlowForgotten):
            self.forgotten[entry.stream_id] = entry.at_ms
        elif isinstance(entry.event, BulkForgotten):
            self.bulks.forgotten[entry.stream_id] = entry.at_ms
        if self.halted and (stream := one.stream) in self.halted and stream is not None:
            if isinstance(entry.event, _LAST):
                self._let_go(stream)
            return one
        try:
            self._fold(entry)
        except NoTransitionError as error:
            self._halt(one.stream, one.record.offset, str(error))
            return one._replace(error=str(error))
        self._note_place(entry, one.record.offset)
        return one

    def _fold(self, entry: Entry) -> None:
        if entry.stream_kind is StreamKind.BULK:
            self.bulks.fold(entry)
        else:
            self.draft.fold(entry)

    def _note_place(self, entry: Entry, offset: int) -> None:
        if isinstance(entry.event, FlowRegistered):
            self.new_flows[entry.stream_id] = offset
        elif isinstance(entry.event, TaskRegistered) and entry.task_run_id is not None:
            self.new_tasks[entry.stream_id, entry.task_run_id] = offset

    def _halt(self, stream: Stream | None, offset: int, error: str) -> None:
        if stream is not None and stream not in self.halted:
            self.halted.add(stream)
            self.newly_halted[stream] = offset, error

    def _let_go(self, stream: Stream) -> None:
        self.halted.discard(stream)
        if self.newly_halted.pop(stream, None) is None:
            self.moving.add(stream)
        match stream[0]:
            case StreamKind.RUNNER:
                self.draft.runners[stream[1]] = None
            case StreamKind.BULK:
                self.draft.bulks[stream[1]] = None
            case _:
                self.draft.armed[stream[1]] = None
