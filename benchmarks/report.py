"""The table of a run: for a person at a terminal, and for the page in the documentation.

The page's words are written by people; between its two marks stands a table that only this
writes, from the JSON of one run, so that no figure there is anybody's memory.
"""

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


def write_page(report: Report, page: Path) -> None:
    """Put the table of this run where the page has its marks.

    Raises:
        ValueError: the page lacks one of them.

    """
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(
            f"expected the lines {BEGIN!r} and {END!r} in the page, but one is missing"
        )
    page.write_text(before + BEGIN + "\n" + _measured(report) + END + after, encoding="utf-8")


def _measured(report: Report) -> str:
    machine = dict(report.machine)
    place = f"{machine.pop('processor')}, {machine.pop('cores')} cores, "
    place += f"{machine.pop('memory_gb')} GB, {machine.pop('system')}"
    versions = ", ".join(f"{name} {value}" for name, value in machine.items())
    lines = [
        "",
        f"Measured {report.at} on {place}; {versions}; seed {report.seed}"
        + (" (quick: smaller sizes)." if report.quick else "."),
        "A ratio of at most 1 is the target met.",
        "",
        "| | measured | target | ratio | |",
        "|---|---:|---:|---:|---|",
    ]
    for row in report.rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        measured = f"{shown(row.measured)} {row.unit}"
        cells = (f"{row.bench}: {row.what}", measured, _target(row), ratio, row.note)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", ""])


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    bound = "≤" if row.lower_is_better else "≥"
    return f"{bound} {row.target:,.6g} {row.unit}"
