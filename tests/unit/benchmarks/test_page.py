"""The page of figures: what was not measured again stays, and each machine has its table."""

from pathlib import Path

import pytest

from benchmarks.page import BEGIN, END, write_page
from benchmarks.rows import Report, Row

ORDER = ["told", "replay", "growth"]
HERE: dict[str, str | int] = {
    "processor": "this one",
    "cores": 2,
    "memory_gb": 25,
    "system": "Linux 6",
    "python": "3.11",
}


def report(
    bench: str, figure: float, at: str = "2026-01-01T00:00:00", *, quick: bool = False, **where: str
) -> Report:
    rows = [Row(bench, "it", figure, "ms")]
    return Report(at, 7, quick, {**HERE, **where}, rows)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "page.md"
    page.write_text(f"Words.\n\n{BEGIN}\n{END}\n\nMore words.\n")
    return page


def figures(page: Path) -> list[str]:
    lines = page.read_text().splitlines()
    return [" ".join(line.split(" | ")[:2]) for line in lines if line.endswith(" seed 7 |")]


def test_a_later_run_takes_the_place_of_its_benchmark_and_of_no_other(page: Path) -> None:
    write_page([report("told", 1), report("growth", 2)], ORDER, page)
    write_page([report("replay", 3), report("told", 4)], ORDER, page)

    assert figures(page) == ["| told: it 4.00 ms", "| replay: it 3.00 ms", "| growth: it 2.00 ms"]
    assert page.read_text().startswith("Words.\n")
    assert page.read_text().endswith("\n\nMore words.\n")


def test_each_machine_has_a_table_and_an_empty_one_goes(page: Path) -> None:
    write_page([report("told", 1), report("growth", 2)], ORDER, page)

    write_page([report("told", 3, processor="that one")], ORDER, page)
    assert page.read_text().count("Measured on ") == 2
    assert figures(page) == ["| growth: it 2.00 ms", "| told: it 3.00 ms"]

    write_page([report("growth", 4, processor="that one")], ORDER, page)
    assert page.read_text().count("Measured on that one") == 1
    assert page.read_text().count("Measured on ") == 1


def test_a_smaller_run_counts_only_where_there_is_no_other(page: Path) -> None:
    write_page([report("told", 1), report("told", 2, "2026-02-01", quick=True)], ORDER, page)

    assert figures(page) == ["| told: it 1.00 ms"]


def test_written_twice_it_is_the_same(page: Path) -> None:
    write_page([report("told", 1), report("growth", 2)], ORDER, page)
    once = page.read_text()

    write_page([report("growth", 2)], ORDER, page)

    assert page.read_text() == once


def test_a_page_without_its_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Words alone.\n")

    with pytest.raises(ValueError, match="one is missing"):
        write_page([report("told", 1)], ORDER, page)

    assert page.read_text() == "Words alone.\n"
