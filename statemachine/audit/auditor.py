"""The checker of one partition's journal: entries in the order of their offsets, then findings.

It knows nothing but what it is shown, and folds with the very code that the service folds with.
So it says whether a journal is whole and true in itself and against the states beside it, not
whether another decision would have been better. Reading the topics is somebody else's work.
"""

from collections.abc import Iterable, Iterator

from rescind.events.journal import Entry
from rescind.events.requests import Lane
from rescind.statemachine.audit.findings import Finding, FindingCode, Findings
from rescind.statemachine.audit.owners import find_unowned
from rescind.statemachine.audit.sources import Sources
from rescind.statemachine.audit.states import States, Topic
from rescind.statemachine.audit.streams import Streams
from rescind.statemachine.envelope import derived_id
from rescind.statemachine.runs import FlowRun

__all__ = ["Auditor"]


class Auditor:
    """Holds one partition's journal to the invariants of the lifecycles.

    Args:
        partition: the number of the partition.

    """

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.entries = 0
        self._findings = Findings()
        self._sources = Sources(partition, self._findings)
        self._streams = Streams(self._findings)
        self._states = States(self._streams)
        self._last_at_ms = 0

    def see(self, offset: int, entry: Entry) -> None:
        """The next entry of the journal; `offset` is only for saying where something is."""
        self.entries += 1
        self._findings.offset = offset
        self._findings.entry_id = entry.id
        self._check_envelope(entry)
        if self._sources.see(entry):
            self._streams.see(entry)
            if not self._states.is_at_rest:
                self._states.see(entry)

    def compare_states(self, topic: Topic, records: Iterable[tuple[str, bytes]]) -> None:
        """Compare a topic's last record of each key (no tombstones, not ``@position``).

        Records that were read from a running service may be ahead of the journal as it was
        read: go on with `see` up to the journal's end as it was after reading them.
        """
        self._states.compare(topic, records)

    def must_reach(self, lane: Lane, offset: int) -> None:
        """The service's position: it says that it has answered this record of a lane."""
        self._sources.must_reach(lane, offset)

    def findings(self, *, at_end: bool = True) -> list[Finding]:
        """Everything found so far.

        Args:
            at_end: the journal ends here and the service is at rest: what had to follow must
                have followed, and whatever is open must have an owner or a clock.

        """
        if not at_end:
            return self._findings.all()
        final = Findings()
        self._sources.end(final)
        self._streams.end(final)
        find_unowned(self._streams.draft, final)
        self._states.report(final)
        return [*self._findings.all(), *final.all()]

    def flows(self) -> Iterator[FlowRun]:
        """Every flow run that is known at the end of what was seen, as the fold has it."""
        return (flow for flow in self._streams.draft.flows.values() if flow is not None)

    def _check_envelope(self, entry: Entry) -> None:
        its_id = self._id_of(entry)
        if entry.id != its_id:
            self._wrong(f"the id {its_id!r}", f"it is {entry.id!r}")
        if (entry.source is None) is (entry.cause is None):
            self._wrong("either a source or a cause", "it has both or neither")
        if entry.at_ms < self._last_at_ms:
            behind_ms = self._last_at_ms - entry.at_ms
            self._wrong("a time not before the last one", f"it is {behind_ms} ms earlier")
        else:
            self._last_at_ms = entry.at_ms

    def _id_of(self, entry: Entry) -> str:
        """The id that it must have."""
        source = entry.source
        if source is not None:
            return f"{source.lane}-{source.partition}-{source.offset}-{source.nth}"
        draft = self._streams.draft
        known = draft.flow(entry.stream_id) or draft.armed_for(entry.stream_id)
        # Of a stream that has not begun, that is what is wrong.
        return entry.id if known is None else derived_id(known, entry.version or 0)

    def _wrong(self, expected: str, but: str) -> None:
        self._findings.add(FindingCode.WRONG_ENVELOPE, expected, but)
