"""The page of the executors is what they declare, and each row names a test that is run."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from rescind.runners import executors
from rescind.runners.executors import Executor
from tests.contract.executors.kinds import KINDS, SITUATIONS
from tests.contract.executors.page import PAGE, cells, page

ROOT: Final = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def collected() -> frozenset[str]:
    """Every test of the contract, as pytest names it."""
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "tests/contract/executors"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(line.rpartition("/")[2] for line in listed.stdout.splitlines() if "::" in line)


def test_the_page_is_what_the_executors_declare() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "run `make schema`"


def test_45_each_cell_names_a_test_that_is_run_for_that_executor(collected: frozenset[str]) -> None:
    named = [cell.test_id for kind in KINDS for cell in cells(kind)]

    assert len(named) > 100
    assert [test_id for test_id in named if test_id not in collected] == []


def test_every_executor_that_there_is_has_its_cells() -> None:
    public = [getattr(executors, name) for name in executors.__all__ if name.endswith("Executor")]
    made = {type(kind.make()) for kind in KINDS}

    assert {each for each in public if each is not Executor} == made


def test_45_every_situation_has_a_cell_for_every_executor() -> None:
    for kind in KINDS:
        about = [cell.about for cell in cells(kind)]
        assert len(about) == len(set(about))
        assert len([each for each in about if each.startswith("a task that ")]) == (
            len(SITUATIONS) + 1
        )
