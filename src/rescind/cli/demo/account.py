"""The account of the demo, for a person and for a program: stopped, left to finish, never begun."""

from collections import Counter
from typing import Any

from rich.table import Table

from rescind.cli.demo.cast import Cast
from rescind.cli.demo.ledger import Ledger, Line
from rescind.cli.printing.output import columns
from rescind.telling.words import counted, duration

__all__ = ["account_of", "account_table", "how_fast"]


def how_fast(ledger: Ledger) -> str:
    """From the request to the runner's word, and to the end of it all."""
    if ledger.asked_ms is None or ledger.acknowledged_ms is None or ledger.over is None:
        return "The cancellation did not come to its end."
    told = duration(ledger.acknowledged_ms - ledger.asked_ms)
    over = duration(ledger.over.account.took_ms)
    return f"The runner acknowledged {told} after the request; all of it was over after {over}."


def account_table(ledger: Ledger, cast: Cast) -> Table:
    """One line for each task that ran at the cancel, and one for all that never did."""
    table = columns(("", "TASK RUN", "ENDED", "AFTER THE INTENT", "SEEN TO BE GONE"))
    for what, names in (("stopped", cast.stopped), ("left to finish", cast.left)):
        for line in (line for name in names for line in ledger.of(name)):
            table.add_row(what, line.task_run_id, _ended(line), _after(line), _seen(line))
            what = ""  # noqa: PLW2901 - a heading is said once
    unstarted = [line for name in cast.never for line in ledger.of(name)]
    ends = Counter(_ended(line) for line in unstarted)
    for ended, count in ends.items():
        table.add_row("never started", counted(count, "task run"), ended, "", "")
    return table


def account_of(ledger: Ledger) -> dict[str, Any]:
    """The same for a program."""
    return {
        "asked_to_acknowledged_ms": _between(ledger.asked_ms, ledger.acknowledged_ms),
        "took_ms": None if ledger.over is None else ledger.over.account.took_ms,
        "task_runs": {
            line.task_run_id: {
                "end": line.end,
                "how": line.how or None,
                "stopped_confirmed": line.confirmed,
                "after_ms": line.after_ms,
            }
            for line in ledger.lines.values()
        },
    }


def _between(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else second - first


def _ended(line: Line) -> str:
    return f"{line.end}, {line.how}" if line.how else line.end


def _after(line: Line) -> str:
    return "" if line.after_ms is None else duration(line.after_ms)


def _seen(line: Line) -> str:
    return "" if line.end != "cancelled" else "yes" if line.confirmed else "no"
