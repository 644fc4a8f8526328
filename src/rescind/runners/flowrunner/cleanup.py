"""A task's clean-up step: inside its attempt, before the report of its end, with its own time."""

import asyncio
import time
from typing import Final, Literal

from rescind.runners.client import Run
from rescind.runners.executors import AttemptKey
from rescind.runners.flowrunner.submission import Submission

__all__ = ["clean_up"]

_NOT_RUN: Final = "not run: the work ends with its process, and nobody is there after it"


async def clean_up(
    run: Run, key: AttemptKey, submission: Submission, *, may_run: bool = True
) -> None:
    """Run `on_cancel` of a task in a thread, and report what became of it. Never raises.

    A step that takes longer than its time goes on in its thread, and nobody waits for it. Where
    the work still runs it may not run (`may_run`), which is a failure of it.
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
    try:
        async with asyncio.timeout(submission.cleanup_seconds):
            await asyncio.to_thread(submission.on_cancel)
    except TimeoutError:
        outcome, message = "timed_out", f"still running after {submission.cleanup_seconds} s"
    except Exception as error:  # noqa: BLE001 - user code
        outcome, message = "failed", f"{type(error).__name__}: {error}"[:2_000]
    after_ms = round((time.monotonic() - began) * 1000)
    run.cleanup(key.task_run_id, outcome, attempt=key.attempt, after_ms=after_ms, message=message)
