"""Flows whose tasks have clean-up steps."""

import time
from pathlib import Path

from rescind import current_run, flow, task
from rescind.cancelled import Cancelled
from tests.contract.executors import works
from tests.scenarios.marks import LONG_SECONDS, wait_for


def tidy_up(folder: Path) -> None:
    """Writes a line each time that it is called."""
    with (folder / "tidied").open("a") as file:
        file.write("tidied\n")


@task(on_cancel=tidy_up)
def lingering(folder: Path) -> None:
    """Gives way to its flag when it is let go."""
    (folder / "lingering").touch()
    while not current_run().is_cancelling():
        time.sleep(0.005)
    wait_for(folder / "lingering.go")
    raise Cancelled


def tidy_up_when_let(folder: Path) -> None:
    (folder / "tidying").touch()
    wait_for(folder / "tidying.go")
    tidy_up(folder)


@task(on_cancel=tidy_up_when_let)
def deaf_with_clean_up(folder: Path) -> None:
    works.ignore_sigterm(folder / "deaf")


def never_done(folder: Path) -> None:
    (folder / "tidying").touch()
    wait_for(folder / "nobody-lets-it")


@task(on_cancel=never_done, cleanup_seconds=1)
def never_cleaned(folder: Path) -> str:
    return works.nap(folder / "nap", LONG_SECONDS)


async def give_up(folder: Path) -> None:
    raise SystemExit(f"nothing to tidy up in {folder.name}")


@task(on_cancel=give_up)
def cleaned_in_vain(folder: Path) -> str:
    return works.nap(folder / "nap", LONG_SECONDS)


@flow
def one_that_lingers(folder: Path) -> None:
    lingering.submit(folder).result()


@flow
def one_that_cleans_up_after_a_kill(folder: Path) -> None:
    deaf_with_clean_up.submit(folder).result()


@flow
def one_that_is_never_cleaned(folder: Path) -> None:
    never_cleaned.submit(folder).result()


@flow
def one_that_is_cleaned_in_vain(folder: Path) -> None:
    cleaned_in_vain.submit(folder).result()
