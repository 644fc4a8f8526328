"""What came of an audit, for a program and for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from rescind.cli.audit.partition import Audited
from rescind.cli.printing.output import Output
from rescind.telling.words import counted, plain

if TYPE_CHECKING:
    from rescind.statemachine.audit import Finding

__all__ = ["Verdict", "print_verdict"]

_CHARACTERS_MAX: Final = 2_000
_WITHOUT_STATES: Final = "what a journal shows by itself holds; no states were there to compare"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in which partition, and how long that took.

    ``with_states``: the states were there too, and compared with what the journal says.
    """

    partitions: Sequence[Audited]
    seconds: float
    with_states: bool = True

    @property
    def entries(self) -> int:
        return sum(audited.entries for audited in self.partitions)

    @property
    def is_whole(self) -> bool:
        return not any(audited.findings or audited.stopped for audited in self.partitions)

    def to_dict(self) -> dict[str, object]:
        from rescind.statemachine.audit import invariant_of

        return {
            "whole": self.is_whole,
            "events": self.entries,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.entries / self.seconds) if self.seconds else 0,
            "partitions": {audited.partition: audited.entries for audited in self.partitions},
            "unreadable": {a.partition: a.stopped for a in self.partitions if a.stopped},
            "findings": [
                {
                    "partition": audited.partition,
                    "invariant": invariant_of(finding.code),
                    "code": finding.code.value,
                    "where": finding.where,
                    "message": finding.message,
                }
                for audited in self.partitions
                for finding in audited.findings
            ],
        }


def print_verdict(verdict: Verdict, output: Output) -> None:
    for audited in verdict.partitions:
        for finding in audited.findings:
            output.show(_line(audited.partition, finding))
        if audited.stopped:
            why = plain(audited.stopped, _CHARACTERS_MAX)
            output.show(Text(f"not read further: {why}", style="bold red"))
    rate = verdict.entries / verdict.seconds if verdict.seconds else 0.0
    events = counted(verdict.entries, "event")
    partitions = counted(len(verdict.partitions), "partition")
    read = f"{events} of {partitions} in {verdict.seconds:.1f} s ({rate:,.0f} a second)"
    if verdict.is_whole:
        held = "all six invariants hold" if verdict.with_states else _WITHOUT_STATES
        output.show(Text.assemble(("whole ", "bold green"), f"{read}: {held}"))
        return
    count = counted(sum(len(audited.findings) for audited in verdict.partitions), "finding")
    stopped = sum(bool(audited.stopped) for audited in verdict.partitions)
    unread = f", {counted(stopped, 'partition')} not read to the end" if stopped else ""
    output.show(Text.assemble(("broken ", "bold red"), f"{read}: {count}{unread}"))


def _line(partition: int, finding: "Finding") -> Text:
    from rescind.statemachine.audit import invariant_of

    number = invariant_of(finding.code)
    broken = f", invariant {number}" if number else ""
    return Text.assemble(
        (plain(f"partition {partition}, {finding.where}: "), "bold"),
        (plain(finding.message, _CHARACTERS_MAX), "red"),
        f" ({finding.code.value}{broken})",
    )
