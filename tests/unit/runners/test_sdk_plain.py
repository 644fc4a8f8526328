"""Flows and tasks without any flow run: plain Python, and what is refused before anything runs."""

import asyncio
import pickle  # noqa: TID251 - what is pickled is made here.
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rescind import errors
from rescind.cancelled import Cancelled
from rescind.errors import (
    CommandFailedError,
    ParametersError,
    TaskCancelledError,
    TaskFailedError,
    UnsupportedTaskError,
    WrongPlaceError,
)
from rescind.runners.executors import ThreadExecutor
from rescind.runners.sdk import CommandTask, Task, current_run, flow, task


@task
def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


@task
def stop() -> None:
    raise Cancelled


@task
def break_down(why: str) -> None:
    raise ValueError(why)


@flow(name="adding up")
def add_up(numbers: list[int]) -> int:
    return sum(double.submit(number).result() for number in numbers)


def test_a_call_is_a_call() -> None:
    assert double(21) == 42
    assert add_up([1, 2]) == 6


def test_errors_of_a_call_are_its_own() -> None:
    with pytest.raises(ValueError, match="no paper"):
        break_down("no paper")


def test_a_result_raises_what_it_would_raise_in_a_flow_run() -> None:
    with pytest.raises(TaskFailedError, match="ValueError: no paper") as failed:
        break_down.submit("no paper").result()
    assert isinstance(failed.value.__cause__, ValueError)

    with pytest.raises(TaskCancelledError):
        stop.submit().result()


def test_a_task_keeps_its_function_s_name_and_words() -> None:
    assert (double.name, double.__name__, double.__doc__) == ("double", "double", "Twice as much.")
    assert add_up.name == "adding up"


def test_outside_of_any_run_nothing_is_being_cancelled() -> None:
    run = current_run()

    assert (run.flow_run_id, run.task_run_id, run.is_cancelling()) == (None, None, False)
    run.raise_if_cancelling()


def test_a_command_runs_where_it_is_called() -> None:
    assert CommandTask(["echo", "a"])("b").output == "a b\n"
    with pytest.raises(CommandFailedError, match="it is 3; the last it said: out of paper"):
        CommandTask("echo out of paper; exit 3")()


@task
async def double_later(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


@task
async def break_down_later(why: str) -> None:
    raise ValueError(why)


@flow
async def add_up_later(numbers: list[int]) -> int:
    futures = [double_later.submit(number) for number in numbers]
    return sum([await future for future in futures]) + await double.submit(0)


def test_coroutines_are_plain_coroutines_without_a_flow_run() -> None:
    assert asyncio.run(double_later(21)) == 42
    assert double_later.submit(21).result() == 42
    assert asyncio.run(add_up_later([1, 2])) == 6
    outcome = add_up_later.run(params={"numbers": [1, 2]}, offline=True)
    assert (outcome.state, outcome.value) == ("success", 6)


def test_awaiting_a_future_raises_what_its_result_would_raise() -> None:
    async def body() -> None:
        with pytest.raises(TaskFailedError, match="ValueError: no paper"):
            await break_down_later.submit("no paper")
        with pytest.raises(WrongPlaceError, match="await the future"):
            double_later.submit(1).result()

    asyncio.run(body())


def test_a_coroutine_is_refused_by_executors_that_run_none() -> None:
    with pytest.raises(UnsupportedTaskError, match="use AsyncExecutor"):
        add_up_later.run(ThreadExecutor(), params={"numbers": []})


def test_asynchronous_generators_are_refused_where_they_are_decorated() -> None:
    async def many() -> AsyncIterator[int]:
        yield 1

    for decorate in (task, flow):
        with pytest.raises(UnsupportedTaskError, match="is a generator"):
            decorate(many)


@pytest.mark.parametrize(
    "options", [{"retries": -1}, {"timeout_seconds": 0}, {"cooperative_seconds": -0.5}]
)
def test_numbers_that_mean_nothing_are_refused_where_they_are_written(
    options: dict[str, Any],
) -> None:
    with pytest.raises(UnsupportedTaskError, match=next(iter(options))):
        task(**options)(lambda: None)


def test_so_is_a_time_limit_of_a_flow() -> None:
    with pytest.raises(UnsupportedTaskError, match="timeout_seconds=-1"):
        flow(timeout_seconds=-1)(lambda: None)


def test_a_flow_says_which_parameters_it_takes() -> None:
    with pytest.raises(ParametersError, match=r"adding up\(numbers: list\[int\]\) -> int"):
        add_up.run(params={"parts": 3})


def test_a_task_is_pickled_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(double)) is double  # noqa: S301 - it was made here.


def test_a_task_whose_name_leads_elsewhere_is_not() -> None:
    hidden: Task[[], None] = Task(stop.function, "stop", stop.options)

    assert pickle.loads(pickle.dumps(stop)) is stop  # noqa: S301 - it was made here.
    assert not isinstance(hidden.__reduce__(), str)
    assert hidden.__reduce__()[0] is Task


@pytest.mark.parametrize(
    "error",
    [
        errors.CannotInterruptError("why"),
        errors.AttemptHeldError("f/t#1"),
        errors.ExecutorClosedError("local"),
        errors.SupervisorError("why"),
        errors.ArgumentsNotSentError("name", "why"),
        errors.ResultNotSentError("kind", "why"),
        errors.UnsupportedTaskError("name", "why", "remedy"),
        errors.ParametersError("flow", "why", "(parts)"),
        errors.WrongPlaceError("this", "that", "remedy"),
        errors.CommandFailedError("name", 3, "out"),
        errors.TaskCancelledError("name", "name-1", "forced"),
        errors.TaskFailedError("name", "name-1", "ValueError", "why"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel_between_processes(error: errors.RescindError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made here.

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
    assert "expected" in str(error)


def test_writing_flows_costs_neither_kafka_nor_pydantic() -> None:
    line = (
        "import sys; from rescind import flow, task, current_run, CommandTask; "
        "print(*sorted({'pydantic', 'aiokafka', 'asyncio'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
