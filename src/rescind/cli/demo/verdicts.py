"""What the demo promises, each checked and said: all of it must hold for exit code 0."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rescind.cli.demo.cast import Cast
from rescind.cli.demo.ledger import Ledger, Line
from rescind.runners.executors.processtree.identity import Process

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, whether it was kept, and what was found if it was not."""

    promise: str
    found: str = ""

    @property
    def kept(self) -> bool:
        return not self.found


def judge(
    ledger: Ledger,
    cast: Cast,
    left: Sequence[Process],
    unwhole: str,
    container_left: str | None = None,
) -> list[Verdict]:
    """Every promise, in the order in which they are said.

    ``unwhole``: what is wrong with the journal; ``container_left``: None, if there was none.
    """
    lines = list(ledger.lines.values())
    gone = Verdict("its container is gone", container_left or "")
    return [
        Verdict("the flow run is Cancelled", "" if ledger.over is not None else "it is not"),
        Verdict("what ended before the cancel kept its end", _unlike(ledger, ("checksum",), _good)),
        Verdict("what ran and could be stopped was stopped", _unlike(ledger, cast.stopped, _ended)),
        Verdict("what could not, or asked for time, ended well", _unlike(ledger, cast.left, _good)),
        Verdict("what had not begun never started", _unlike(ledger, cast.never, _unstarted)),
        Verdict("every task run has ended", _named(line for line in lines if line.end == "open")),
        Verdict("every stop was seen", _named(line for line in lines if not line.confirmed)),
        Verdict("no process of it runs", ", ".join(f"{p.name} ({p.pid})" for p in left)),
        *([] if container_left is None else [gone]),
        Verdict("the journal is whole", unwhole),
    ]


def _good(line: Line) -> bool:
    return line.end == "succeeded"


def _ended(line: Line) -> bool:
    return line.end == "cancelled" and line.how in {"graceful", "forced"}


def _unstarted(line: Line) -> bool:
    return line.end == "cancelled" and line.how == "never_started"


def _unlike(ledger: Ledger, names: Iterable[str], expected: Callable[[Line], bool]) -> str:
    """The task runs of these tasks that are not as expected, and the tasks that have none."""
    found: list[str] = []
    for name in names:
        lines = ledger.of(name)
        found += [] if lines else [f"no {name}"]
        other = (line for line in lines if not expected(line))
        found += [f"{line.task_run_id} {line.end} {line.how}" for line in other]
    return ", ".join(found)


def _named(lines: Iterable[Line]) -> str:
    return ", ".join(line.task_run_id for line in lines)
