"""The figures on the page in the documentation, from the JSON of runs.

The page's words are written by people; between its two marks stand tables that only this writes,
so that no figure there is anybody's memory. There is one for each machine, with its versions.
What a benchmark has on the page stays there until a later run of it takes its place.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.report import target_of
from benchmarks.rows import Report, Row, shown

__all__ = ["write_page"]

BEGIN: Final = "<!-- measured: python -m benchmarks -->"
END: Final = "<!-- end of what was measured -->"

_WHERE: Final = "Measured on "
_ABOUT: Final = "A ratio of at most 1 is the target met. The times are of the runs, in UTC."
_COLUMNS: Final = (
    "| | measured | target | ratio | | run |",
    "|---|---:|---:|---:|---|---|",
)

Tables: TypeAlias = dict[str, list[str]]
"""The rows of the page, by the line that says where they were measured."""


def write_page(reports: Sequence[Report], order: Sequence[str], page: Path) -> None:
    """Put the rows of these runs, each benchmark's latest, where the page has its marks.

    A smaller run counts only where there is no other. `order` is that of the benchmarks' names.

    Raises:
        ValueError: the page lacks a mark.

    """
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    known, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(
            f"expected the lines {BEGIN!r} and {END!r} in the page, but one is missing"
        )
    tables = _merged(_tables_in(known), _latest(reports))
    whole = _written(tables, order)
    page.write_text(f"{before}{BEGIN}\n{whole}{END}{after}", encoding="utf-8")


def _tables_in(text: str) -> Tables:
    tables: Tables = {}
    where = ""
    for line in text.splitlines():
        if line.startswith(_WHERE):
            where = line
        elif line.startswith("| ") and line not in _COLUMNS:
            tables.setdefault(where, []).append(line)
    return tables


def _latest(reports: Sequence[Report]) -> Mapping[str, Report]:
    of_bench: dict[str, Report] = {}
    for report in sorted(reports, key=lambda report: (not report.quick, report.at)):
        of_bench |= dict.fromkeys((row.bench for row in report.rows), report)
    return of_bench


def _merged(known: Tables, measured: Mapping[str, Report]) -> Tables:
    tables = {
        where: [line for line in lines if _bench(line) not in measured]
        for where, lines in known.items()
    }
    for bench, report in measured.items():
        lines = tables.setdefault(_where(report), [])
        lines += [_line(report, row) for row in report.rows if row.bench == bench]
    return {where: lines for where, lines in tables.items() if lines}


def _written(tables: Tables, order: Sequence[str]) -> str:
    parts: list[str] = []
    for where, lines in tables.items():
        ordered = sorted(lines, key=lambda line: order.index(_bench(line)))
        parts += ["", where, _ABOUT, "", *_COLUMNS, *ordered]
    return "\n".join([*parts, "", ""])


def _bench(line: str) -> str:
    return line.removeprefix("| ").partition(":")[0]


def _where(report: Report) -> str:
    machine = dict(report.machine)
    place = f"{machine.pop('processor')}, {machine.pop('cores')} cores, "
    place += f"{machine.pop('memory_gb')} GB, {machine.pop('system')}"
    versions = ", ".join(f"{name} {value}" for name, value in machine.items())
    return f"{_WHERE}{place}; {versions}."


def _line(report: Report, row: Row) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    measured = f"{shown(row.measured)} {row.unit}"
    run = f"{report.at[:16].replace('T', ' ')}, seed {report.seed}"
    run += ", smaller" if report.quick else ""
    cells = (f"{row.bench}: {row.what}", measured, target_of(row), ratio, row.note, run)
    return "| " + " | ".join(cells) + " |"
