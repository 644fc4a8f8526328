"""The flows and tasks that run while executors are measured, in a module as light as a user's.

Each attempt in a process of its own imports the module of its task.
"""

import time
from pathlib import Path

from rescind import Cancelled, current_run, flow, task

__all__ = ["does_nothing", "of_many", "of_one", "say"]


@task
def waits(file: str) -> None:
    """Sleeps until it is interrupted."""
    say(file, "began")
    try:
        time.sleep(600)
    except Cancelled:
        say(file, "noticed")
        raise


@task
def looks(file: str) -> None:
    """Looks at its flag a thousand times a second."""
    say(file, "began")
    while not current_run().is_cancelling():
        time.sleep(0.001)
    say(file, "noticed")


@task
def does_nothing() -> None:
    """As short as a task run can be."""


@flow
def of_one(file: str, *, by_flag: bool) -> None:
    """One task run, that learns of the cancel."""
    (looks if by_flag else waits).submit(file).result()


@flow
def of_many(count: int) -> float:
    """How long so many short task runs took, in seconds, from the first to the last."""
    began = time.monotonic()
    for future in [does_nothing.submit() for _ in range(count)]:
        future.result()
    return time.monotonic() - began


def say(file: str, what: str) -> None:
    """Put the time into a file of that name."""
    # Whoever waits for it finds it whole.
    path = Path(f"{file}.{what}")
    draft = path.with_suffix(".draft")
    draft.write_text(str(time.monotonic()))
    draft.rename(path)
