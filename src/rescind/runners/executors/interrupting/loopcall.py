"""One attempt on an event loop: its coroutine, and the tasks and threads that it has started.

An interrupt is `asyncio.Task.cancel`, which the loop delivers at an ``await``, so it can hit no
code but the attempt's and take no value that is there. All but `ask` and what is said of the state
is for the loop's thread.
"""

import asyncio
import contextlib
import time
from concurrent.futures import Future
from contextvars import Context
from typing import Any

from rescind.runners.executors.base import Call, Rung, WorkEnd
from rescind.runners.executors.ends import (
    came_from_interrupt,
    describe,
    end_of_error,
    end_of_value,
)
from rescind.runners.executors.held import REACT_SECONDS, HeldAttempt

__all__ = ["LoopCall"]


class LoopCall:
    """One attempt on the loop. It has ended when all that it has started there has."""

    def __init__(self, attempt: HeldAttempt, context: Context) -> None:
        self.attempt = attempt
        self.context = context
        self.carrying: asyncio.Task[None] | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_plain = False
        self._values: list[object] = []
        self._error: BaseException | None = None
        self._asked_at: float | None = None
        self._unanswered_since: float | None = None
        self._interrupts = 0
        self._tasks: set[asyncio.Future[Any]] = set()
        self._threads: set[asyncio.Future[Any]] = set()
        self._left_behind: dict[str, int] = {}

    @property
    def is_unanswered(self) -> bool:
        """Whether the loop has not even looked at an interrupt: something on it does not await."""
        since = self._unanswered_since
        return since is not None and time.monotonic() - since >= REACT_SECONDS

    @property
    def cannot_be_stopped(self) -> bool:
        if self.is_plain or self.is_unanswered:
            return True
        asked_at = self._asked_at
        is_late = asked_at is not None and time.monotonic() - asked_at >= REACT_SECONDS
        return is_late and bool(self._threads)

    async def run(self, call: Call) -> None:
        """Run the coroutine to its end, and wait for all that it started."""
        self.task = asyncio.get_running_loop().create_task(self._run(call), context=self.context)
        if self._interrupts:
            self.task.cancel()
        await asyncio.wait([self.task])
        if self.task.cancelled():
            # Before its first step, so nothing of it ran.
            self._error = asyncio.CancelledError()
        counts = {"tasks_left_behind": len(self._tasks), "threads_waited_for": len(self._threads)}
        self._left_behind = {name: count for name, count in counts.items() if count}
        for task in self._tasks:
            task.cancel()
        while behind := self._tasks | self._threads:
            await asyncio.wait(behind)

    async def _run(self, call: Call) -> None:
        try:
            self._values.append(await call.function(*call.args, **call.kwargs))  # type: ignore[misc]
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit too.
            self._error = error

    def run_plainly(self, call: Call) -> None:
        """The same for a plain function, in the thread that calls this."""
        try:
            self._values.append(call.function(*call.args, **call.kwargs))
        except BaseException as error:  # noqa: BLE001 - as above.
            self._error = error

    def ask(self) -> None:
        """An interrupt is on its way. From any thread."""
        now = time.monotonic()
        self._asked_at = self._asked_at or now
        self._unanswered_since = self._unanswered_since or now

    def interrupt(self) -> None:
        self._unanswered_since = None
        self._interrupts += 1
        if self.task is not None and not self.task.done():
            self.task.cancel()
        else:
            for task in self._tasks:
                task.cancel()

    def owns_task(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def owns_thread(self, future: "Future[Any]") -> None:
        # Not the loop's own future of it: that one is over as soon as nobody waits for it.
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        self._threads.add(ended)
        ended.add_done_callback(self._threads.discard)

        def tell(_future: "Future[Any]") -> None:
            # The loop may be over before the thread is: then nobody waits for it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set_result, None)

        future.add_done_callback(tell)

    def end(self) -> WorkEnd:
        """How it ended."""
        attempt = self.attempt
        evidence = {**attempt.evidence(), **self._left_behind}
        error = self._error
        if error is None:
            return end_of_value(attempt.key, self._values[0], evidence)
        # A time limit of user code is a CancelledError at first, so by itself that says nothing.
        mine = (asyncio.CancelledError,) if Rung.INTERRUPT in attempt.taken else ()
        return end_of_error(
            attempt.key,
            describe(error),
            interrupted=isinstance(error, asyncio.CancelledError)
            or came_from_interrupt(error, *mine),
            taken=frozenset(attempt.taken),
            evidence=evidence,
        )
