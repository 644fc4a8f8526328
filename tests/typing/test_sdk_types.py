# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""The SDK keeps types. mypy and pyright hold this file; what must not pass says so in a comment,
which they would find unused otherwise.
"""

import asyncio
from typing import assert_type

from rescind import CommandTask, current_run, flow, task
from rescind.runners.executors import CommandResult
from rescind.runners.sdk import Flow, Task, TaskFuture


@task
def crunch(part: int) -> int:
    return part


@task(retries=2, retry_delay_seconds=5, timeout_seconds=60, cooperative_seconds=1.5)
def load(rows: list[int], *, table: str = "rows") -> str:
    return f"{len(rows)} in {table}"


@task(on_cancel=print, cleanup_seconds=5, may_exit=True, name="nothing")
def nothing() -> None:
    """A task without a result."""


@task
async def fetch(part: int) -> int:
    return part


@flow
async def fetching(parts: int) -> int:
    return await fetch.submit(parts) + await crunch.submit(1)


@flow
def small(parts: int) -> int:
    return parts


@flow(name="nightly")
def nightly(parts: int = 20) -> str:
    futures = [crunch.submit(part) for part in range(parts)]
    return load.submit([future.result() for future in futures], table="parts").result()


def test_a_call_has_the_type_of_the_function() -> None:
    assert_type(crunch(1), int)
    assert_type(load([1], table="t"), str)
    assert_type(nothing(), None)
    assert_type(small(1), int)
    assert_type(nightly(parts=0), str)


def test_a_result_has_the_type_of_the_function() -> None:
    assert_type(crunch.submit(1), TaskFuture[int])
    assert_type(crunch.submit(1).result(), int)
    assert_type(load.submit([1]).result(), str)
    assert_type(crunch.submit(1).done(), bool)


def test_a_coroutine_has_the_type_of_what_it_returns() -> None:
    assert_type(fetch.submit(1), TaskFuture[int])
    assert_type(fetch.submit(1).result(), int)
    assert_type(asyncio.run(fetching(1)), int)


def test_a_command_gives_a_command_result() -> None:
    assert_type(CommandTask(["true"]).submit().result(), CommandResult)
    assert_type(CommandTask("true")(), CommandResult)


def test_a_task_and_a_flow_know_their_parameters() -> None:
    one: Task[[int], int] = crunch
    other: Flow[[int], int] = small

    assert (one, other) == (crunch, small)


def test_the_current_run_is_typed() -> None:
    assert_type(current_run().is_cancelling(), bool)
    assert_type(current_run().flow_run_id, str | None)
    current_run().raise_if_cancelling()


def what_must_not_pass() -> None:
    """Never called: only read by the type checkers."""
    crunch("one")  # type: ignore[arg-type]
    crunch.submit("one")  # type: ignore[arg-type]
    crunch.submit()  # type: ignore[call-arg]
    load.submit([1], tables="t")  # type: ignore[call-arg]
    small.bind("one")  # type: ignore[arg-type]
    number: str = crunch.submit(1).result()  # type: ignore[assignment]
    task(retry=1)  # type: ignore[call-overload]
    print(number)  # noqa: T201
