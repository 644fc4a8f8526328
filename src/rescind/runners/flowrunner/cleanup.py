"""A task's clean-up step: inside its attempt, before the report of its end, with its own time."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from rescind.runners.client import Run
from rescind.runners.executors import AttemptKey
from rescind.runners.executors.attempt import RunningAttempt, context_of
from rescind.runners.flowrunner.submission import Submission

__all__ = ["clean_up"]

_NOT_RUN: Final = "not run: the work ends with its process, and nobody is there after it"


async def clean_up(
    run: Run, key: AttemptKey, submission: Submission, *, may_run: bool = True
) -> None:
    """Run `on_cancel` of a task in a thread, and report what became of it. Never raises.

    A step that takes longer than its time goes on in its thread, and nobody waits for it, not the
    end of the process either. Where the work still runs it may not run (`may_run`), which is a
    failure of it.
    """
    if submission.on_cancel is None:
        return
    if not may_run:
        run.cleanup(key.task_run_id, "failed", attempt=key.attempt, message=_NOT_RUN)
        return
    began = time.monotonic()
    outcome: Literal["done", "failed", "timed_out"] = "done"
    message = ""
    run.cleanup(key.task_run_id, "started", attempt=key.attempt)
    # It is no longer the work, so nothing asks it to stop.
    attempt = RunningAttempt(key, submission.name, is_flagged=lambda: False)
    ended = _in_a_thread(attempt, submission.on_cancel)
    try:
        async with asyncio.timeout(submission.cleanup_seconds):
            error = await ended
    except TimeoutError:
        outcome, message = "timed_out", f"still running after {submission.cleanup_seconds} s"
    else:
        if error is not None:
            outcome, message = "failed", f"{type(error).__name__}: {error}"[:2_000]
    after_ms = round((time.monotonic() - began) * 1000)
    run.cleanup(key.task_run_id, outcome, attempt=key.attempt, after_ms=after_ms, message=message)


def _in_a_thread(
    attempt: RunningAttempt, step: Callable[[], object]
) -> "asyncio.Future[BaseException | None]":
    # A thread each: in a pool, steps would wait for each other while their time runs. A daemon,
    # since the threads of `asyncio.to_thread` hold the process until they end.
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[BaseException | None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not ended.done():
            ended.set_result(error)

    def work() -> None:
        problem = None
        try:
            context_of(attempt).run(step)
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit too.
            problem = error
        # The loop may be over by then, if the step has had its time.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, problem)

    name = f"rescind-clean-up-{attempt.key.task_run_id}"
    threading.Thread(target=work, name=name, daemon=True).start()
    return ended
