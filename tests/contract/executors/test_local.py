"""What only the main thread has: tasks that run on top of the flow's body, Ctrl-C, and no other
place to be.
"""

import asyncio
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from rescind.cancelled import Cancelled
from rescind.errors import CannotInterruptError
from rescind.runners.executors import AttemptKey, LocalExecutor, Rung
from rescind.runners.executors.interrupting.mainthread import INTERRUPT_SIGNAL
from tests.contract.executors.stage import BODY, SECONDS_MAX, TASK, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    executor = LocalExecutor()
    executor.start()
    yield Stage(executor)
    assert executor.shutdown() == []


def test_interrupting_a_task_leaves_the_body_that_waits_for_it_alone(stage: Stage) -> None:
    begun = threading.Event()

    def task() -> None:
        begun.set()
        time.sleep(SECONDS_MAX)

    def body() -> str:
        stage.submit(TASK, task)
        return stage.result(TASK).end

    helper = stage.interrupt_until_it_ends(TASK, begun)
    end = stage.play(body)
    helper.join()

    assert (end.end, end.value) == ("success", "cancelled")
    assert stage.story == ["task cancelled", "body success"]


def test_interrupting_the_body_lets_the_task_on_top_of_it_end_first(stage: Stage) -> None:
    begun = threading.Event()
    go_on = threading.Event()

    def task() -> int:
        begun.set()
        assert go_on.wait(SECONDS_MAX)
        return 42

    def body() -> None:
        stage.submit(TASK, task)
        stage.result(TASK)
        stage.story.append("the body went on")

    def let_it_go_on() -> None:
        helper.join()
        go_on.set()

    helper = stage.interrupt_soon(BODY, begun)
    threading.Thread(target=let_it_go_on, daemon=True).start()
    end = stage.play(body)

    assert stage.ends[TASK].value == 42
    assert (end.end, end.how) == ("cancelled", "graceful")
    assert stage.story == ["task success", "body cancelled"]


def test_a_body_that_waits_for_something_else_is_interrupted_in_its_wait(stage: Stage) -> None:
    waiting = threading.Event()

    def body() -> None:
        def never() -> bool:
            waiting.set()
            return False

        stage.executor.run_pending(never)

    helper = stage.interrupt_soon(BODY, waiting)
    end = stage.play(body)
    helper.join()

    assert (end.end, end.how) == ("cancelled", "graceful")


def test_an_interrupt_whose_signal_ends_no_wait_ends_ours(stage: Stage) -> None:
    waiting, ended = threading.Event(), threading.Event()

    def body() -> None:
        def never() -> bool:
            waiting.set()
            return False

        # As if the signal had come in the moment before the wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, {INTERRUPT_SIGNAL})
        try:
            stage.executor.run_pending(never)
        finally:
            ended.set()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {INTERRUPT_SIGNAL})

    def end_it_after_all() -> None:
        helper.join()
        if not ended.wait(SECONDS_MAX / 6):
            stage.story.append("nothing ended the wait")
            stage.executor.wake()

    helper = stage.interrupt_soon(BODY, waiting)
    rescue = threading.Thread(target=end_it_after_all, daemon=True)
    rescue.start()
    stage.play(body)
    rescue.join()

    assert stage.story == ["body cancelled"]


def test_no_interrupt_hits_what_is_under_a_shield(stage: Stage) -> None:
    inside = threading.Event()

    def body() -> None:
        with stage.executor.shield():
            inside.set()
            helper.join()
            stage.story.append("all of the shielded part ran")
        stage.story.append("the body went on")

    helper = stage.interrupt_soon(BODY, inside)
    end = stage.play(body)

    assert end.end == "cancelled"
    assert stage.story == ["all of the shielded part ran", "body cancelled"]


def test_a_task_that_waits_for_another_runs_it_on_top_of_itself(stage: Stage) -> None:
    inner = AttemptKey("flow", "inner")

    def task() -> object:
        stage.submit(inner, lambda: 20)
        return stage.result(inner).value

    def body() -> object:
        stage.submit(TASK, task)
        return stage.result(TASK).value

    assert stage.play(body).value == 20
    assert stage.story == ["inner success", "task success", "body success"]


def test_ctrl_c_of_a_person_is_told_and_interrupts_nothing() -> None:
    pressed: queue.SimpleQueue[str] = queue.SimpleQueue()
    before = signal.getsignal(signal.SIGINT)
    executor = LocalExecutor(on_ctrl_c=lambda: pressed.put("ctrl-c"))
    executor.start()
    stage = Stage(executor)

    def body() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        return "undisturbed"

    assert stage.play(body).value == "undisturbed"
    assert pressed.get_nowait() == "ctrl-c"
    executor.shutdown()
    assert signal.getsignal(signal.SIGINT) is before


def test_where_ctrl_c_is_told_a_keyboard_interrupt_is_user_codes_own_failure() -> None:
    executor = LocalExecutor(on_ctrl_c=lambda: None)
    executor.start()

    def body() -> None:
        raise KeyboardInterrupt("of the code itself")

    end = Stage(executor).play(body)

    assert end.end == "failed"
    assert end.error is not None
    assert (end.error.type, end.error.message) == ("KeyboardInterrupt", "of the code itself")
    executor.shutdown()


def test_ctrl_c_without_anyone_to_tell_ends_the_work_and_reaches_the_caller(stage: Stage) -> None:
    def body() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(SECONDS_MAX)

    with pytest.raises(KeyboardInterrupt):
        stage.play(body)

    assert stage.ends[BODY].end == "failed"


def test_a_stop_is_confirmed_when_the_call_has_returned_and_what_it_had_started_goes_on(
    stage: Stage,
) -> None:
    begun = threading.Event()
    started: list[subprocess.Popen[bytes]] = []

    def body() -> None:
        started.append(subprocess.Popen(["sleep", "600"]))
        begun.set()
        time.sleep(SECONDS_MAX)

    helper = stage.interrupt_until_it_ends(BODY, begun)
    end = stage.play(body)
    helper.join()

    (process,) = started
    try:
        assert (end.end, end.stopped_confirmed) == ("cancelled", True)
        assert process.poll() is None
        assert "processes that a task started go on" in stage.executor.capabilities.survivors
    finally:
        process.kill()
        process.wait()


def test_off_the_main_thread_it_says_why_it_cannot_interrupt() -> None:
    told: list[object] = []

    def elsewhere() -> None:
        executor = LocalExecutor()
        executor.start()
        stage = Stage(executor)

        def body() -> list[AttemptKey]:
            told.append(executor.cancel([BODY], Rung.INTERRUPT)[0].outcome)
            return executor.cannot_stop([BODY])

        told.extend((executor.capabilities, executor.rungs, stage.play(body).value))
        executor.shutdown()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(SECONDS_MAX)

    capabilities, rungs, outcome, cannot_stop = told[1], told[2], told[0], told[3]
    assert getattr(capabilities, "can_interrupt", None) is False
    assert "this is another thread" in str(capabilities)
    assert (rungs, outcome, cannot_stop) == ((Rung.FLAG,), "unsupported", [BODY])


def test_under_a_running_event_loop_it_says_why_it_cannot_interrupt() -> None:
    async def notebook() -> LocalExecutor:
        executor = LocalExecutor()
        executor.start()
        return executor

    executor = asyncio.run(notebook())

    assert executor.capabilities.can_interrupt is False
    assert "an event loop runs in the main thread" in executor.capabilities.survivors
    executor.shutdown()


def test_where_it_must_interrupt_and_cannot_it_does_not_start() -> None:
    async def notebook() -> None:
        LocalExecutor(must_interrupt=True).start()

    with pytest.raises(CannotInterruptError, match="choose another executor"):
        asyncio.run(notebook())


def test_a_late_interrupt_hits_nobody(stage: Stage) -> None:
    for number in range(50):
        key = AttemptKey("flow", f"task-{number}")
        stage.submit(key, lambda: None)
        stage.result(key)
        assert stage.executor.cancel([key], Rung.INTERRUPT)[0].outcome == "not_held"

    assert {end.end for end in stage.ends.values()} == {"success"}


def test_except_exception_does_not_swallow_an_interrupt() -> None:
    assert not issubclass(Cancelled, Exception)
