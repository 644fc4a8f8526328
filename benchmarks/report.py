"""The table of a run: for a person at a terminal, and for the page in the documentation.

The page's words are written by people; between its two marks stands a table that only this
writes, from the JSON of runs, so that no figure there is anybody's memory.
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Report, Row, shown

__all__ = ["print_rows", "write_page"]

BEGIN = "<!-- measured: python -m benchmarks -->"
END = "<!-- end of what was measured -->"


def print_rows(rows: list[Row], console: Console) -> None:
    """The table that a person reads."""
    table = Table("what", "measured", "target", "ratio", "note", title="benchmarks")
    for column in table.columns[1:4]:
        column.justify = "right"
        column.no_wrap = True
    before = None
    for row in rows:
        if before is not None and row.bench != before:
            table.add_section()
        before = row.bench
        ratio = row.ratio
        colour = "green" if ratio is not None and ratio <= 1 else "yellow"
        table.add_row(
            f"{row.bench}: {row.what}",
            f"{shown(row.measured)} {row.unit}",
            _target(row),
            "" if ratio is None else f"[{colour}]{ratio:.2f}[/]",
            row.note,
        )
    console.print(table)


def write_page(reports: Sequence[Report], order: Sequence[str], page: Path) -> None:
    """Put the table of these runs, each benchmark's latest, where the page has its marks.

    A smaller run counts only where there is no other. `order` is that of the benchmarks' names.

    Raises:
        ValueError: the page lacks a mark, or the runs are of several machines.

    """
    if any(report.machine != reports[0].machine for report in reports):
        raise ValueError("expected runs of one machine and the same versions, but they differ")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(
            f"expected the lines {BEGIN!r} and {END!r} in the page, but one is missing"
        )
    page.write_text(
        before + BEGIN + "\n" + _measured(reports, order) + END + after, encoding="utf-8"
    )


def _measured(reports: Sequence[Report], order: Sequence[str]) -> str:
    machine = dict(reports[0].machine)
    place = f"{machine.pop('processor')}, {machine.pop('cores')} cores, "
    place += f"{machine.pop('memory_gb')} GB, {machine.pop('system')}"
    versions = ", ".join(f"{name} {value}" for name, value in machine.items())
    lines = [
        "",
        f"Measured on {place}; {versions}.",
        "A ratio of at most 1 is the target met. The times are of the runs, in UTC.",
        "",
        "| | measured | target | ratio | | run |",
        "|---|---:|---:|---:|---|---|",
    ]
    for report, row in _latest(reports, order):
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        measured = f"{shown(row.measured)} {row.unit}"
        run = f"{report.at[:16].replace('T', ' ')}, seed {report.seed}"
        run += ", smaller" if report.quick else ""
        cells = (f"{row.bench}: {row.what}", measured, _target(row), ratio, row.note, run)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", ""])


def _latest(reports: Sequence[Report], order: Sequence[str]) -> list[tuple[Report, Row]]:
    of_bench: dict[str, Report] = {}
    for report in sorted(reports, key=lambda report: (not report.quick, report.at)):
        of_bench |= dict.fromkeys((row.bench for row in report.rows), report)
    known = sorted(of_bench, key=order.index)
    return [(of_bench[b], row) for b in known for row in of_bench[b].rows if row.bench == b]


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    bound = "≤" if row.lower_is_better else "≥"
    return f"{bound} {row.target:,.6g} {row.unit}"
