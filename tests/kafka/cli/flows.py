"""Flows as users write them, for `rescind run`."""

import time
from pathlib import Path

from rescind import flow, task


@task
def double(number: int) -> int:
    return 2 * number


@task
def wait(said: str) -> None:
    Path(said).write_text("waiting")
    time.sleep(600)


@task
def wait_to_be_let_on(said: str) -> None:
    Path(said).write_text("waiting")
    until = time.monotonic() + 120
    while not Path(f"{said}.go").exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@task
def spoil() -> None:
    raise ValueError("a bad day\nof two lines")


@flow
def breaks_in_a_task() -> None:
    spoil.submit().result()


@flow(name="sums")
def add(number: int = 1, times: int = 2) -> int:
    return sum(future.result() for future in [double.submit(number) for _ in range(times)])


@flow
def breaks() -> None:
    raise ValueError("a bad day")


@flow
def waits(said: str) -> None:
    wait.submit(said).result()


@flow
def waits_to_be_let_on(said: str) -> None:
    wait_to_be_let_on.submit(said).result()
