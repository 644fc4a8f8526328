"""`ReadModel`: every question about runs that the surfaces have, and nothing that changes one.

Its calls block: an event loop asks in a thread. Each is answered on one snapshot of the read model
that serves, also while another one is being built and comes to serve.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from rescind.errors import ReadModelMissingError
from rescind.events.journal import Entry
from rescind.events.states import TaskState
from rescind.events.words import StreamKind
from rescind.server.readmodel.queries import (
    cancellations,
    cancelling,
    children,
    flows,
    late,
    runners,
    tasks,
)
from rescind.server.readmodel.queries import timeline as journal
from rescind.server.readmodel.queries.answers import (
    CancelAccount,
    Cancellable,
    Family,
    FlowRunDetails,
    FlowRunRow,
    JournalEvent,
    LateReports,
    RunnerRow,
)
from rescind.server.readmodel.queries.flows import FlowFilter
from rescind.server.readmodel.queries.pages import Page
from rescind.server.readmodel.queries.runners import RunnerCounts
from rescind.server.readmodel.reading_bulks import BulkReading
from rescind.server.readmodel.standing import Standing, standings
from rescind.statemachine.runs import Armed

__all__ = ["ReadModel"]

_LIMIT = 50
_EVERYTHING = FlowFilter()


class ReadModel(BulkReading):
    """Questions. Every one raises `ReadModelMissingError` before anybody has begun to project.

    Each raises `DatabaseUnavailableError` while the database does not answer.

    Those with a ``cursor`` give a `Page` and raise `CursorError` for one that is not of that list;
    a ``limit`` over 1,000 is 1,000.
    """

    def flow_runs(
        self, wanted: FlowFilter = _EVERYTHING, *, limit: int = _LIMIT, cursor: str | None = None
    ) -> Page[FlowRunRow]:
        """Flow runs, the latest registration first."""
        return self._ask(partial(flows.list_flows, wanted=wanted, limit=limit, cursor=cursor))

    def stuck(
        self,
        now_ms: int,
        wanted: FlowFilter = _EVERYTHING,
        *,
        limit: int = _LIMIT,
        cursor: str | None = None,
    ) -> Page[FlowRunRow]:
        """Of these flow runs those that are cancelling past their deadline or in quarantine."""
        return self._ask(
            partial(flows.list_stuck, now_ms=now_ms, wanted=wanted, limit=limit, cursor=cursor)
        )

    def count_flow_runs(
        self, wanted: FlowFilter = _EVERYTHING, stuck_by_ms: int | None = None
    ) -> dict[str, int]:
        """How many of these flow runs are in which state, whatever states are wanted.

        ``stuck_by_ms``: only of those that are stuck then.
        """
        return self._ask(partial(flows.count_flows, wanted=wanted, stuck_by_ms=stuck_by_ms))

    def namespaces(
        self, within: Collection[str] | None = None, *, limit: int = 200
    ) -> tuple[str, ...]:
        """The namespaces in which there are flow runs."""
        return self._ask(partial(flows.namespaces, within=within, limit=limit))

    def present_life(self, flow_run_id: str) -> flows.Life | None:
        """Where the flow run is that has this id now; None: the journal has none."""
        return self._ask(partial(flows.present_life, flow_run_id=flow_run_id))

    def flow_run(self, flow_run_id: str) -> FlowRunDetails | None:
        """One flow run with its task runs in groups; None: the journal has none."""
        return self._ask(partial(flows.flow_run, flow_run_id=flow_run_id))

    def flow_row(self, flow_run_id: str) -> FlowRunRow | None:
        """One flow run alone; None: the journal has none."""
        return self._ask(partial(flows.flow_row, flow_run_id=flow_run_id))

    def interrupts(self, flow_run_id: str) -> bool | None:
        """Whether all its runners' executors interrupt what runs; None: nobody knows."""
        return self._ask(partial(runners.whether_its_runners_interrupt, flow_run_id=flow_run_id))

    def children_of(self, flow_run_id: str) -> Family:
        """Its children, those that have not ended first; of very many only some."""
        return self._ask(partial(children.children_of, flow_run_id=flow_run_id))

    def cancel_account(self, flow_run_id: str) -> CancelAccount | None:
        """What has become of its cancellation; None: there is none."""
        return self._ask(partial(cancellations.cancel_account, flow_run_id=flow_run_id))

    def armed_for(self, flow_run_id: str) -> Armed | None:
        """The cancellation that waits for a flow run which nobody knows yet."""
        return self._ask(partial(cancellations.armed_for, flow_run_id=flow_run_id))

    def cancellable(
        self, flow_run_id: str, task_run_id: str | None = None, *, waiting_max: int
    ) -> Cancellable:
        """A flow run, or a task run of it, as a cancel would find it now."""
        return self._ask(
            partial(
                cancelling.cancellable,
                flow_run_id=flow_run_id,
                task_run_id=task_run_id,
                waiting_max=waiting_max,
            )
        )

    def answers_to_cancels(self, flow_run_id: str, task_run_id: str | None = None) -> list[Entry]:
        """What has answered cancels of this flow run, or of this task run alone."""
        return self._ask(
            partial(cancelling.answers_to_cancels, flow_run_id=flow_run_id, task_run_id=task_run_id)
        )

    def task_runs(
        self,
        flow_run_id: str,
        states: Iterable[str] = (),
        text: str | None = None,
        *,
        limit: int = _LIMIT,
        cursor: str | None = None,
    ) -> Page[TaskState]:
        """Task runs of a flow run, in the order of their registration.

        ``text``: what the id or the name has in it, in capitals or not.
        """
        return self._ask(
            partial(
                tasks.list_tasks,
                flow_run_id=flow_run_id,
                states=tuple(states),
                text=text,
                limit=limit,
                cursor=cursor,
            )
        )

    def count_task_runs(self, flow_run_id: str, text: str | None = None) -> dict[str, int]:
        """How many of its task runs that have this text are in which state, the body among them."""
        return self._ask(partial(tasks.count_tasks, flow_run_id=flow_run_id, text=text))

    def task_run(self, flow_run_id: str, task_run_id: str) -> TaskState | None:
        """One task run; None: the journal has none."""
        return self._ask(partial(tasks.task_run, flow_run_id=flow_run_id, task_run_id=task_run_id))

    def late_reports(self, flow_run_id: str, task_run_id: str) -> LateReports:
        """What was said of a task run when it was over."""
        asked = partial(late.late_reports, flow_run_id=flow_run_id, task_run_id=task_run_id)
        return self._ask(asked)

    def late_since(self, flow_run_id: str, task_run_id: str, since_ms: int) -> int:
        """How much of that has come from this moment on."""
        asked = partial(late.late_since, flow_run_id=flow_run_id, task_run_id=task_run_id)
        return self._ask(partial(asked, since_ms=since_ms))

    def held_by(
        self, runner_id: str, *, limit: int = _LIMIT, cursor: str | None = None
    ) -> Page[TaskState]:
        """What a runner holds now."""
        return self._ask(partial(tasks.list_held, runner_id=runner_id, limit=limit, cursor=cursor))

    def unconfirmed(
        self,
        within: Collection[str] | None = None,
        *,
        limit: int = _LIMIT,
        cursor: str | None = None,
    ) -> Page[TaskState]:
        """Task runs that have ended without anybody having seen them stop, the latest first.

        ``within``: only of these namespaces; None: of all.
        """
        return self._ask(partial(tasks.list_unconfirmed, within=within, limit=limit, cursor=cursor))

    def runners(
        self, gone: bool | None = None, *, limit: int = _LIMIT, cursor: str | None = None
    ) -> Page[RunnerRow]:
        """Runners by their ids; ``gone``: those alone, or those alone that are not."""
        return self._ask(partial(runners.list_runners, gone=gone, limit=limit, cursor=cursor))

    def count_runners(self) -> RunnerCounts:
        """How many live, and how many are gone."""
        return self._ask(runners.count_runners)

    def timeline(
        self,
        flow_run_id: str,
        task_run_id: str | None = None,
        *,
        since: int = 0,
        limit: int = _LIMIT,
        cursor: str | None = None,
    ) -> Page[JournalEvent]:
        """What happened to a flow run, or to a task run of it, as it happened.

        ``since``: from that offset of its partition on.
        """
        return self._ask(
            partial(
                journal.timeline,
                kind=StreamKind.FLOW,
                stream_id=flow_run_id,
                task_run_id=task_run_id,
                since=since,
                limit=limit,
                cursor=cursor,
            )
        )

    def flow_events(
        self, flow_run_id: str, types: Iterable[str], *, since: int = 0, limit: int
    ) -> list[JournalEvent]:
        """Events of these types about a flow run as a whole, as they happened."""
        asked = partial(journal.flow_events, flow_run_id=flow_run_id, types=tuple(types))
        return self._ask(partial(asked, since=since, limit=limit))

    def runner_timeline(
        self, runner_id: str, *, limit: int = _LIMIT, cursor: str | None = None
    ) -> Page[JournalEvent]:
        """What happened to a runner, partition by partition."""
        return self._ask(
            partial(
                journal.timeline,
                kind=StreamKind.RUNNER,
                stream_id=runner_id,
                limit=limit,
                cursor=cursor,
            )
        )

    def journal(self, *, limit: int = _LIMIT, cursor: str | None = None) -> Page[JournalEvent]:
        """The journal of all partitions, the latest first."""
        return self._ask(partial(journal.list_journal, limit=limit, cursor=cursor))

    def events_after(
        self,
        positions: Mapping[int, int],
        of: tuple[StreamKind, str] | None = None,
        *,
        limit: int = _LIMIT,
    ) -> list[JournalEvent]:
        """What the journal has from these offsets on, of all or of one stream."""
        return self._ask(partial(journal.events_after, positions=positions, of=of, limit=limit))

    def dead_letters(self, *, limit: int = _LIMIT, cursor: str | None = None) -> Page[JournalEvent]:
        """Refusals of requests whose bytes are in the topic of dead letters, the latest first."""
        return self._ask(partial(journal.list_refused, limit=limit, cursor=cursor))

    def not_folded(self, *, limit: int = _LIMIT, cursor: str | None = None) -> Page[JournalEvent]:
        """Records of the journal that are no events, or that no state allows, the latest first."""
        return self._ask(partial(journal.list_not_folded, limit=limit, cursor=cursor))

    def standings(self) -> dict[int, Standing]:
        """Where each partition of the journal has been read to.

        Raises `ReadModelMissingError` also while it is made and has not begun: from nowhere,
        nobody could go on.
        """
        if found := self._ask(standings):
            return found
        raise ReadModelMissingError
