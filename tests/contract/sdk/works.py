"""Tasks in a module of their own, as users have them: worker processes import it by its name."""

import asyncio
import time
from pathlib import Path

from rescind.cancelled import Cancelled
from rescind.runners.sdk import current_run, task


class OutOfPaperError(Exception):
    """An error of user code."""


@task
def add(left: int, right: int = 1) -> int:
    return left + right


@task
def fail(message: str) -> None:
    raise OutOfPaperError(message)


@task
def who() -> tuple[str | None, str | None, int | None]:
    run = current_run()
    return run.flow_run_id, run.task_run_id, run.attempt


@task(cooperative_seconds=5)
def wait_for_the_flag(marker: Path) -> str:
    run = current_run()
    marker.touch()
    while not run.is_cancelling():
        time.sleep(0.002)
    return "noticed"


@task
def give_way(marker: Path) -> None:
    marker.touch()
    while True:
        current_run().raise_if_cancelling()
        time.sleep(0.002)


@task
def give_up() -> None:
    """Ends as cancelled, though nobody has asked."""
    raise Cancelled


@task
def submit_another() -> int:
    return add.submit(1).result()


@task
def add_twice(number: int) -> int:
    """A task that calls another as a function."""
    return add(add(number))


@task
async def add_later(left: int, right: int) -> int:
    await asyncio.sleep(0)
    return left + right
