"""The chain of sources: each record of both lanes has exactly one outcome, and none is missing.

An outcome is one or more entries in a row that name the same record, counted. Each names the
record before it in its lane, so a missing outcome shows although the markers of transactions
take offsets too.
"""

from rescind.events.journal import Entry, RequestsLost, Source
from rescind.events.requests import Lane
from rescind.statemachine.audit.findings import FindingCode, Findings

__all__ = ["Sources"]


class Sources:
    """Follows both lanes of one partition."""

    def __init__(self, partition: int, findings: Findings) -> None:
        self._partition = partition
        self._findings = findings
        self._last: dict[Lane, int] = {"start": -1, "stop": -1}
        self._due_offsets: dict[Lane, int] = {"start": -1, "stop": -1}
        self._lane: Lane = "start"
        self._offset = -1
        self._due = 0
        """Which entry of the outcome comes next."""
        self._of = 0

    def see(self, entry: Entry) -> bool:
        """Follow one entry. False: it is an outcome that was there before, and not to be folded."""
        source = entry.source
        if source is None:
            if self._due < self._of:
                self._close()
            return True
        if source.offset == self._offset and source.lane == self._lane:
            return self._go_on(source)
        self._close()
        return self._begin(source, entry)

    def must_reach(self, lane: Lane, offset: int) -> None:
        """The service says that it has answered this record and all before it."""
        self._due_offsets[lane] = max(offset, self._due_offsets[lane])

    def end(self, findings: Findings) -> None:
        """The journal ends here: the outcome under way has to be whole, and none to be missing."""
        self._end_outcome(findings)
        for lane, offset in self._due_offsets.items():
            if self._last[lane] < offset:
                findings.add(
                    FindingCode.CHAIN_BROKEN,
                    f"outcomes in the {lane} lane up to {offset}, which was answered",
                    f"the last is of {self._last[lane]}",
                    where="the end",
                )

    def _end_outcome(self, findings: Findings) -> None:
        if self._due < self._of:
            findings.add(
                FindingCode.OUTCOME_INCOMPLETE,
                f"{self._of} entries in a row for this request",
                f"entry {self._due} does not follow",
                where=f"{self._lane}-{self._partition}-{self._offset}",
            )

    def _close(self) -> None:
        self._end_outcome(self._findings)
        self._due = self._of

    def _go_on(self, source: Source) -> bool:
        if source.nth < self._due:
            return self._repeated(source)
        if source.nth > self._due or source.of != self._of:
            self._findings.add(
                FindingCode.OUTCOME_INCOMPLETE,
                f"entry {self._due} of {self._of} of {source.lane}-{source.offset}",
                f"it is entry {source.nth} of {source.of}",
            )
            self._of = source.of
        self._due = source.nth + 1
        return True

    def _begin(self, source: Source, entry: Entry) -> bool:
        last = self._last[source.lane]
        if source.partition != self._partition:
            self._findings.add(
                FindingCode.WRONG_PARTITION,
                f"outcomes of partition {self._partition}",
                f"the request lay on partition {source.partition}",
            )
            return True
        if source.offset <= last:
            return self._repeated(source)
        if source.previous != last:
            self._findings.add(
                FindingCode.CHAIN_BROKEN,
                f"the outcome of what follows {last} in the {source.lane} lane",
                f"it follows {source.previous}",
            )
        self._last[source.lane] = self._offset = source.offset
        self._lane, self._of, self._due = source.lane, source.of, 0
        if isinstance(entry.event, RequestsLost):
            self._findings.add(
                FindingCode.REQUESTS_LOST,
                "every request to be read",
                f"{entry.event.first} to {entry.event.last} of the {source.lane} lane "
                "were gone before that",
            )
        return self._go_on(source)

    def _repeated(self, source: Source) -> bool:
        self._findings.add(
            FindingCode.OUTCOME_REPEATED,
            "one outcome for each request",
            f"{source.lane}-{source.offset}, entry {source.nth}, was there before",
        )
        return False
