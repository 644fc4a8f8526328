"""Flows with time limits of their own or of their tasks."""

import time
from pathlib import Path
from typing import Any, Final

from rescind import CommandTask, TaskFailedError, current_run, flow, task
from rescind.runners.sdk import TaskFuture
from tests.contract.executors import coroutines, works
from tests.scenarios.marks import LONG_SECONDS

LIMIT_SECONDS: Final = 1.0


@task
def too_slow_for_its_flow(folder: Path) -> str:
    return works.nap(folder / "nap", LONG_SECONDS)


@task(timeout_seconds=LIMIT_SECONDS)
def too_slow(folder: Path) -> str:
    return works.nap(folder / "nap", LONG_SECONDS)


@task(timeout_seconds=LIMIT_SECONDS)
def too_slow_and_polite(folder: Path) -> None:
    works.give_way_to_the_flag(folder / "polite")


@task(timeout_seconds=LIMIT_SECONDS)
async def too_slow_on_a_loop(folder: Path) -> str:
    return await coroutines.nap(folder / "nap", LONG_SECONDS)


# Longer: its process has to come so far as to be deaf.
@task(timeout_seconds=4 * LIMIT_SECONDS)
def too_slow_and_deaf(folder: Path) -> None:
    works.ignore_sigterm(folder / "deaf")


@task(timeout_seconds=LIMIT_SECONDS, retries=1)
def too_slow_at_first(folder: Path) -> int:
    if current_run().attempt == 1:
        time.sleep(LONG_SECONDS)
    return current_run().attempt


@task(timeout_seconds=2 * LIMIT_SECONDS)
def takes_its_time(folder: Path) -> str:
    return works.nap(folder / "nap", 1.5 * LIMIT_SECONDS)


def _expect_time_out(future: TaskFuture[Any]) -> None:
    try:
        future.result()
    except TaskFailedError as error:
        assert error.kind == "TimedOut"  # noqa: PT017 - no test: user code that goes on.
        return
    raise AssertionError("it has not timed out")


@flow
def one_that_is_too_slow(folder: Path) -> None:
    _expect_time_out(too_slow.submit(folder))


@flow
def one_that_is_too_slow_and_polite(folder: Path) -> None:
    _expect_time_out(too_slow_and_polite.submit(folder))


@flow
async def one_that_is_too_slow_on_a_loop(folder: Path) -> None:
    try:
        await too_slow_on_a_loop.submit(folder)
    except TaskFailedError as error:
        assert error.kind == "TimedOut"  # noqa: PT017 - as above.


@flow
def one_that_is_too_slow_and_deaf(folder: Path) -> None:
    _expect_time_out(too_slow_and_deaf.submit(folder))


@flow
def a_command_that_is_too_slow(folder: Path) -> None:
    command = CommandTask("sleep 121", name="command", timeout_seconds=LIMIT_SECONDS)
    _expect_time_out(command.submit(folder))


@flow
def one_that_is_too_slow_at_first(folder: Path) -> int:
    return too_slow_at_first.submit(folder).result()


@flow
def two_that_wait_for_each_other(folder: Path) -> None:
    for future in [takes_its_time.submit(folder) for _ in range(2)]:
        future.result()


@flow(timeout_seconds=LIMIT_SECONDS)
def a_flow_that_is_too_slow(folder: Path) -> None:
    futures = [too_slow_for_its_flow.submit(folder) for _ in range(9)]
    (folder / "submitted").touch()
    futures[0].result()


@flow(timeout_seconds=LIMIT_SECONDS)
async def a_flow_that_is_too_slow_on_a_loop(folder: Path) -> None:
    await coroutines.nap(folder / "body", LONG_SECONDS)


@flow(timeout_seconds=LONG_SECONDS)
def a_flow_in_time(folder: Path) -> str:
    return folder.name
