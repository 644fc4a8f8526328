"""What a checker can find wrong, and which invariant of the lifecycles that breaks."""

from collections import Counter
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["FINDINGS_MAX", "Finding", "FindingCode", "Findings", "invariant_of"]

FINDINGS_MAX: Final = 1_000
"""More than these are counted and not kept: one cause can break everything after it."""


class FindingCode(StrEnum):
    """What is wrong. A checked journal has none of these."""

    AFTER_END = "after_end"  #: something changed a run, or an attempt, that had ended
    IMPOSSIBLE_EVENT = "impossible_event"  #: the run's state has no edge for it
    STARTED_WHILE_CANCELLING = "started_while_cancelling"  #: work began after a cancel
    ENDED_WITH_OPEN_WORK = "ended_with_open_work"  #: a flow run ended before its task runs
    NOT_SETTLED = "not_settled"  #: nothing was open, and the end did not follow
    CHAIN_BROKEN = "chain_broken"  #: requests between two outcomes have none
    OUTCOME_INCOMPLETE = "outcome_incomplete"  #: entries of one outcome are missing
    OUTCOME_REPEATED = "outcome_repeated"  #: a request has a second outcome
    REQUESTS_LOST = "requests_lost"  #: retention took requests before they were read
    WRONG_PARTITION = "wrong_partition"  #: an outcome of another partition's request
    VERSION_GAP = "version_gap"  #: an event of this stream is missing
    VERSION_REPEATED = "version_repeated"  #: an event of this stream is there twice
    WRONG_ENVELOPE = "wrong_envelope"  #: its id, its cause or its time cannot be
    STATE_DIFFERS = "state_differs"  #: a state record is not what the journal says
    STATE_MISSING = "state_missing"  #: a run of the journal has no state record
    STATE_UNKNOWN = "state_unknown"  #: a state record of a run that the journal does not have
    NOT_OWNED = "not_owned"  #: nobody will end an open run: no living owner, no clock, no word
    MORE = "more"  #: how many findings there are beyond those that are kept


_INVARIANTS: Final = {
    FindingCode.AFTER_END: 1,
    FindingCode.IMPOSSIBLE_EVENT: 1,
    FindingCode.STARTED_WHILE_CANCELLING: 2,
    FindingCode.ENDED_WITH_OPEN_WORK: 3,
    FindingCode.NOT_SETTLED: 3,
    FindingCode.CHAIN_BROKEN: 4,
    FindingCode.OUTCOME_INCOMPLETE: 4,
    FindingCode.OUTCOME_REPEATED: 4,
    FindingCode.REQUESTS_LOST: 4,
    FindingCode.WRONG_PARTITION: 4,
    FindingCode.VERSION_GAP: 5,
    FindingCode.VERSION_REPEATED: 5,
    FindingCode.WRONG_ENVELOPE: 5,
    FindingCode.STATE_DIFFERS: 5,
    FindingCode.STATE_MISSING: 5,
    FindingCode.STATE_UNKNOWN: 5,
    FindingCode.NOT_OWNED: 6,
}


def invariant_of(code: FindingCode) -> int | None:
    """The number of the invariant that it breaks; None for what only counts others."""
    return _INVARIANTS.get(code)


class Finding(NamedTuple):
    """One thing that is wrong."""

    code: FindingCode
    where: str
    """As ``offset 1027, stop-3-12-0``, or the key of a state record."""
    message: str
    """What was expected, and what was there."""


class Findings:
    """What was found so far: the first of them, and how many there are of each kind.

    Attributes:
        offset, entry_id: where the journal is being looked at; a text of it is made only when
            there is something to say (0.4 µs an entry otherwise).

    """

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.offset = -1
        self.entry_id = ""
        self._counted: Counter[FindingCode] = Counter()

    @property
    def here(self) -> str:
        """The entry that is being looked at."""
        return f"offset {self.offset}, {self.entry_id}"

    def add(self, code: FindingCode, expected: str, but: str, where: str | None = None) -> None:
        """Note one, in the shape that refusals have; it is here, if not elsewhere."""
        self._counted[code] += 1
        where = self.here if where is None else where
        if len(self.kept) < FINDINGS_MAX:
            self.kept.append(Finding(code, where, f"expected {expected}, but {but}"))

    def all(self) -> list[Finding]:
        """Those that were kept, and a last one that counts the others."""
        beyond = self._counted.total() - len(self.kept)
        if not beyond:
            return list(self.kept)
        counts = ", ".join(f"{count} x {code.value}" for code, count in self._counted.items())
        return [*self.kept, Finding(FindingCode.MORE, "", f"{beyond} more; in all {counts}")]
