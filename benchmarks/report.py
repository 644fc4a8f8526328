"""The table of a run, for a person at a terminal."""

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row, shown

__all__ = ["print_rows", "target_of"]


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
            target_of(row),
            "" if ratio is None else f"[{colour}]{ratio:.2f}[/]",
            row.note,
        )
    console.print(table)


def target_of(row: Row) -> str:
    """The bound, which way it goes, and its unit; empty where there is none."""
    if row.target is None:
        return ""
    bound = "≤" if row.lower_is_better else "≥"
    return f"{bound} {row.target:,.6g} {row.unit}"
