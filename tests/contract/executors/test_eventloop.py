"""What only an event loop has: work that keeps it, and tasks and threads behind an attempt."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rescind.runners.executors import AttemptKey, Call, Rung, Work
from rescind.runners.executors.held import REACT_SECONDS
from tests.contract.executors import coroutines, works
from tests.contract.executors.bench import Bench
from tests.contract.executors.kinds import KINDS

LATE_SECONDS: Final = REACT_SECONDS + 1.0


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Bench]:
    (kind,) = [kind for kind in KINDS if kind.name == "asyncio"]
    with Bench(kind, tmp_path) as bench:
        yield bench


def submit(loop: Bench, does: Call) -> AttemptKey:
    """As it is, and not as a coroutine."""
    return loop.submit_work(does)


def test_a_coroutine_that_keeps_the_loop_is_said_of_all_that_are_on_it(loop: Bench) -> None:
    waiting, blocking = loop.marker(), loop.marker()
    waits = loop.submit(works.nap, waiting, 60.0)
    loop.wait_for_file(waiting)
    blocks = submit(loop, Call(coroutines.block_the_loop, (blocking, LATE_SECONDS)))
    loop.wait_for_file(blocking)

    assert loop.executor.cannot_stop([waits, blocks]) == []
    loop.executor.cancel([waits, blocks], Rung.INTERRUPT)
    loop.wait_until(lambda: loop.executor.cannot_stop([waits, blocks]) == [waits, blocks])
    assert [loop.executor.is_waiting(key) for key in (waits, blocks)] == [True, False]

    # It has never awaited, so it has come to its own end.
    assert loop.end_of(blocks).value == works.DONE
    assert loop.end_of(waits).end == "cancelled"
    assert loop.executor.cannot_stop([waits, blocks]) == []


def test_a_thread_that_a_coroutine_leaves_behind_is_waited_for(loop: Bench) -> None:
    marker = loop.marker()
    key = submit(loop, Call(coroutines.leave_a_thread, (marker, LATE_SECONDS)))
    loop.wait_for_file(marker)

    loop.cancel(key, Rung.INTERRUPT)
    loop.wait_until(lambda: loop.executor.cannot_stop([key]) == [key])
    began = time.monotonic()
    end = loop.end_of(key)

    # Its coroutine had returned, and that stands; its thread took the rest of its time.
    assert (end.end, end.value) == ("success", works.DONE)
    assert end.evidence["threads_waited_for"] == 1
    assert time.monotonic() > began


def test_a_task_that_a_coroutine_leaves_behind_is_cancelled_until_it_ends(loop: Bench) -> None:
    marker, swallowed = loop.marker(), loop.marker()
    key = submit(loop, Call(coroutines.leave_a_task, (marker, swallowed)))

    loop.wait_for_file(swallowed)
    assert loop.executor.held() == [key]
    loop.climb(key, Rung.INTERRUPT)
    end = loop.end_of(key)

    assert (end.end, end.evidence["tasks_left_behind"]) == ("success", 1)


def test_a_plain_function_runs_in_a_thread_and_can_only_be_asked(loop: Bench) -> None:
    marker = loop.marker()
    key = submit(loop, Call(works.watch_the_flag, (marker,)))
    loop.wait_for_file(marker)

    assert loop.executor.rungs_of(key) == (Rung.FLAG,)
    assert loop.cancel(key, Rung.INTERRUPT).outcome == "unsupported"
    assert loop.executor.cannot_stop([key]) == [key]
    loop.cancel(key, Rung.FLAG)
    assert loop.end_of(key).end == "success"


def test_a_time_limit_of_user_code_is_no_cancellation(loop: Bench) -> None:
    async def too_slow() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    end = loop.end_of(submit(loop, Call(too_slow)))

    assert (end.end, end.error and end.error.type) == ("failed", "TimeoutError")


def test_no_more_than_are_allowed_run_at_once_and_the_body_is_not_counted(loop: Bench) -> None:
    running: list[int] = []
    most: list[int] = []

    async def count() -> None:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.pop()

    marker = loop.marker()
    body = AttemptKey("flow", "body")
    work = Work(body, "body", Call(coroutines.watch_the_flag, (marker,)))
    loop.executor.submit_body(work, loop.ends_with)  # type: ignore[attr-defined]
    loop.wait_for_file(marker)
    keys = [submit(loop, Call(count)) for _ in range(10)]
    for key in keys:
        loop.end_of(key)
    loop.cancel(body, Rung.FLAG)

    assert loop.end_of(body).end == "success"
    assert max(most) == loop.executor.capacity == 2


def test_what_was_cancelled_before_its_first_step_never_runs(loop: Bench) -> None:
    ran: list[int] = []

    async def run() -> None:
        ran.append(1)

    def cancel_it(key: AttemptKey) -> bool:
        # It is pending still, so this ends it: the gate's answer comes too late.
        loop.cancel(key, Rung.INTERRUPT)
        return True

    end = loop.end_of(loop.submit_work(Call(run), cancel_it))

    assert (end.end, end.how, ran) == ("cancelled", "never_started", [])
