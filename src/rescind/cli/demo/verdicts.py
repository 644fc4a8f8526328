"""What the demo promises, each checked and said: all of it must hold for exit code 0."""

from collections.abc import Sequence
from dataclasses import dataclass

from rescind.cli.demo.account import Ledger, ends_of
from rescind.cli.demo.leftovers import Seen

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, and whether it was kept."""

    promise: str
    kept: bool
    found: str = ""


def judge(
    ledger: Ledger, left: Sequence[Seen], *, journal_is_whole: bool, can_kill: bool
) -> list[Verdict]:
    """Every promise of the demo, in the order in which they are said."""
    lines = [line for line in ledger.lines.values() if line.kind != "body"]
    open_now = [line.name for line in lines if line.end == "open"]
    stopped = ("sleep", "spin", "watch", "derive") if can_kill else ("watch",)
    alive = [
        name for name in stopped if any(end != "cancelled" for end, _ in ends_of(ledger.of(name)))
    ]
    unsure = [line.name for line in lines if not line.confirmed]
    return [
        Verdict("the flow run is Cancelled", ledger.over is not None),
        Verdict("every task run has ended", not open_now, ", ".join(open_now)),
        Verdict("what ended before the cancel kept its end", _is(ledger, "checksum", "succeeded")),
        Verdict(
            "what asked to finish its piece did, and succeeded", _is(ledger, "upload", "succeeded")
        ),
        Verdict("what runs on for minutes was stopped", not alive, ", ".join(alive)),
        Verdict("most of it never started", _unstarted(ledger) > 0),
        Verdict("every stop was seen", not unsure, ", ".join(unsure)),
        Verdict("no process of it is left", not left, ", ".join(seen.command for seen in left)),
        Verdict("the journal is whole", journal_is_whole, "see the audit above"),
    ]


def _is(ledger: Ledger, name: str, end: str) -> bool:
    lines = ledger.of(name)
    return bool(lines) and all(line.end == end for line in lines)


def _unstarted(ledger: Ledger) -> int:
    return sum(line.how == "never_started" for line in ledger.of("compress"))
