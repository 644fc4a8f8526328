"""Tasks and flows outside of any flow run: done here and now, once, and ended as they would be."""

import inspect
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from rescind.cancelled import Cancelled
from rescind.runners.executors.base import AttemptKey, WorkEnd
from rescind.runners.executors.ends import describe
from rescind.runners.executors.interrupting.mainthread import loop_runs_here
from rescind.runners.flowrunner.submission import Outcome

__all__ = ["done_here", "outcome_now"]

_KEY = AttemptKey("", "")


def done_here(call: Callable[[], Any]) -> Any:
    """Call it, and run what it returns to its end if it is a coroutine function."""
    if not inspect.iscoroutinefunction(call):
        return call()
    # Late: it takes 40 ms, and plain functions do without.
    import asyncio

    return asyncio.run(call())


def outcome_now(call: Callable[[], Any]) -> "Future[Outcome]":
    """Do it here; errors stay in the outcome, as they would.

    A coroutine under a running event loop has begun when this returns, and is there to be awaited.
    """
    future: Future[Outcome] = Future()
    if inspect.iscoroutinefunction(call) and loop_runs_here():
        import asyncio

        async def settle() -> None:
            future.set_result(await _outcome_of(call))

        task = asyncio.ensure_future(settle())
        # The loop itself has but a weak reference.
        future.add_done_callback(lambda _: task)
        return future
    try:
        end = WorkEnd(_KEY, "success", value=done_here(call))
    except (Cancelled, Exception) as error:  # noqa: BLE001 - user code may raise anything.
        end = _end_of(error)
    future.set_result(Outcome(end))
    return future


async def _outcome_of(call: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(WorkEnd(_KEY, "success", value=await call()))
    except (Cancelled, Exception) as error:  # noqa: BLE001 - user code may raise anything.
        return Outcome(_end_of(error))


def _end_of(error: BaseException) -> WorkEnd:
    if isinstance(error, Cancelled):
        return WorkEnd(_KEY, "cancelled", how="by_runner", error=describe(error))
    return WorkEnd(_KEY, "failed", error=describe(error))
