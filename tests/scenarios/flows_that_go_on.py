"""Flows of the scenarios with work that nothing reaches; `flows` runs them."""

from pathlib import Path

from rescind import flow, task
from tests.scenarios.marks import wait_for


@task
def ignores_all(folder: Path) -> None:
    """In a thread, where nothing but its flag reaches it, and it never looks at that."""
    (folder / "ignores_all").touch()
    wait_for(folder / "ignores_all.go")


@flow
def one_that_ignores_all(folder: Path) -> None:
    ignores_all.submit(folder).result()
