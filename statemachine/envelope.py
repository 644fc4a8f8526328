"""Envelopes: ids and versions for what happened, and the folding of it into the draft.

The only place where an `Entry` is made. An entry that answers a request is named after the
record of the lane and its place among the answers; one that no request caused is named after
the event that its stream began with, and its version (``start-3-1027-0@7``), and carries its
cause. Deciding twice gives the same ids, and no two events of a journal have the same.
"""

from rescind.events.journal import Entry, Source, StreamKind
from rescind.events.words import Actor
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Known
from rescind.statemachine.policy import Asked
from rescind.statemachine.runs import Armed, FlowRun

__all__ = ["Recorder", "derived_id"]


def derived_id(known: FlowRun | Armed, version: int) -> str:
    """The id of an event of this version that no request caused.

    Its stream's id would not do: what was forgotten may be registered again, and the versions of
    that new life begin with 1.
    """
    began = known.registered_id if isinstance(known, FlowRun) else known.event_id
    return f"{began}@{version}"


class Recorder:
    """Gives envelopes to what happened, folds it, and keeps the entries in their order."""

    def __init__(self, draft: Draft, partition: int) -> None:
        self.draft = draft
        self.partition = partition
        self.entries: list[Entry] = []

    def answer(
        self, asked: Asked, kind: StreamKind, stream_id: str, answers: list[Happened]
    ) -> list[Entry]:
        """Record the whole outcome of one request. It has at least one entry."""
        of = len(answers)
        return [
            self._answer(asked, kind, stream_id, happened, nth, of)
            for nth, happened in enumerate(answers)
        ]

    def answer_item(
        self, asked: Asked, stream_id: str, happened: Happened, nth: int, of: int
    ) -> Entry:
        """Record one entry of a list's outcome, of which there will probably be `of`."""
        return self._answer(asked, StreamKind.FLOW, stream_id, happened, nth, of)

    def complete(self, made: list[Entry], expected: int) -> list[Entry]:
        """Say in the last recorded entries how many they are, if they are not as many as that."""
        of = len(made)
        if of == expected:
            return made
        completed = [
            entry._replace(source=entry.source._replace(of=of))
            for entry in made
            if entry.source is not None
        ]
        self.entries[-of:] = completed
        return completed

    def _answer(
        self,
        asked: Asked,
        kind: StreamKind,
        stream_id: str,
        happened: Happened,
        nth: int,
        of: int,
    ) -> Entry:
        event = happened.event
        entry = Entry(
            asked.event_id(nth),
            asked.at_ms,
            kind,
            stream_id,
            event,
            happened.task_run_id,
            happened.attempt,
            self.version_after(kind, stream_id) if event.versioned else None,
            Source(asked.lane, asked.partition, asked.offset, asked.previous, nth, of),
            None,
            asked.request_id,
            asked.actor,
            asked.traceparent,
        )
        return self._keep(entry)

    def derive(
        self,
        stream_id: str,
        happened: Happened,
        cause: str,
        at_ms: int,
        actor: Actor | None = None,
    ) -> Entry:
        """Record an event of a flow run that no request caused; `cause` is an event's id.

        It belongs to the trace of whoever asked for the cancellation that it is a part of.
        """
        version = self.version_after(StreamKind.FLOW, stream_id)
        entry = Entry(
            self.next_derived_id(stream_id),
            at_ms,
            StreamKind.FLOW,
            stream_id,
            happened.event,
            happened.task_run_id,
            happened.attempt,
            version if happened.event.versioned else None,
            source=None,
            cause=cause,
            request_id=None,
            actor=actor,
            traceparent=self._trace_of(stream_id, happened.task_run_id),
        )
        return self._keep(entry)

    def next_derived_id(self, flow_run_id: str) -> str:
        """The id of a flow run's next event, if no request causes that."""
        known = self.draft.flow(flow_run_id) or self.draft.armed_for(flow_run_id)
        assert known is not None, "an event of its own was derived for a flow run nobody knows"
        return derived_id(known, known.version + 1)

    def _trace_of(self, flow_run_id: str, task_run_id: str | None) -> str | None:
        # From the state alone: it must not depend on what is decided in the same transaction.
        flow = self.draft.flow(flow_run_id)
        if flow is None:
            armed = self.draft.armed_for(flow_run_id)
            return None if armed is None else armed.traceparent
        cancellation = flow.cancellation
        if cancellation is None and task_run_id is not None:
            task = self.draft.task(flow_run_id, task_run_id)
            cancellation = None if task is None else task.cancellation
        return None if cancellation is None else cancellation.traceparent

    def version_after(self, kind: StreamKind, stream_id: str) -> int:
        """The version of a stream's next event that changes its state."""
        draft = self.draft
        known: Known | None
        if kind is StreamKind.FLOW:
            known = draft.flow(stream_id) or draft.armed_for(stream_id)
        elif kind is StreamKind.RUNNER:
            known = draft.runner(stream_id)
        else:
            known = draft.bulk(stream_id)
        return 1 if known is None else known.version + 1

    def _keep(self, entry: Entry) -> Entry:
        self.draft.fold(entry)
        self.entries.append(entry)
        return entry
