"""The kernel ends a task that takes more memory than there is: that one alone, and it is told."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.contract.executors import works
from tests.contract.executors.bench import Bench

_MEMORY: Final = Path("/sys/fs/cgroup/memory")
_BYTES_MAX: Final = 64 << 20


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """A group of the kernel's with 64 MiB for all that moves into it."""
    folder = _MEMORY / f"rescind-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"this user cannot limit memory here: {error}")
    try:
        (folder / "memory.limit_in_bytes").write_text(str(_BYTES_MAX))
        yield folder
    finally:
        folder.rmdir()


def test_what_the_kernel_ends_for_its_memory_has_crashed_and_the_rest_goes_on(
    little_memory: Path, trees: Bench
) -> None:
    go, marker = trees.folder / "go", trees.marker()
    beside = trees.submit(works.wait_to_be_let_on, marker, go)
    trees.wait_for_file(marker)

    end = trees.end_of(trees.submit(works.take_all_memory, little_memory))

    assert end.end == "crashed"
    assert end.evidence["signal"] == "SIGKILL"
    assert end.error is not None
    assert "out-of-memory" in end.error.message
    go.touch()
    assert trees.end_of(beside).value == works.DONE
    assert trees.end_of(trees.submit(works.add, 1)).value == 2
