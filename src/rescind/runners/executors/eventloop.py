"""Work on an event loop: many coroutines at once in one thread, each interrupted where it waits.

`async def` work runs on a loop of its own, in a thread beside the main thread. An interrupt is
`asyncio.Task.cancel`: a ``CancelledError`` at the ``await`` that it is in, and again at the next
one if that was swallowed.

An attempt owns what it started on the loop: tasks, and threads by ``asyncio.to_thread``. It has
ended when they have. Tasks that it left behind are cancelled. A thread cannot be stopped, so it is
waited for, and the attempt is in `cannot_stop`: its coroutine may long have given way.

A coroutine that does not await (a loop in pure Python, a call that blocks) keeps the loop from
every other one. Nothing on it can be stopped then, and that is said of all of them.

Plain functions run in threads, asked by flag only, as `ThreadExecutor` has them; commands as
everywhere. Threads are daemons. Elsewhere than by ``to_thread`` and the loop's default executor
(a pool of the user's own) nothing is known of them.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from contextvars import Context
from typing import Any, ClassVar, Final, ParamSpec, TypeVar

from rescind.runners.executors.attempt import context_of, running_attempt
from rescind.runners.executors.base import (
    AttemptKey,
    Call,
    Capabilities,
    Command,
    Gate,
    OnEnd,
    Rung,
    RungResult,
    Work,
    WorkEnd,
)
from rescind.runners.executors.held import HeldAttempt, HoldingExecutor
from rescind.runners.executors.interrupting.loopcall import LoopCall
from rescind.runners.executors.poolthreads import PoolThreads
from rescind.runners.executors.supervision.attempts import SupervisedAttempts, pack

__all__ = ["AsyncExecutor"]

P = ParamSpec("P")
T = TypeVar("T")

_SURVIVORS: Final = (
    "a task that does not await keeps the event loop, and all that runs on it, until it does; "
    "threads behind a task run to their end; processes that it started go on"
)

# asyncio's own bound for the threads behind a loop.
_THREADS_BEHIND_MAX: Final = 32


class AsyncExecutor(HoldingExecutor):
    """Runs up to `max_at_once` attempts on one event loop."""

    name: ClassVar[str] = "asyncio"
    runs_coroutines: ClassVar[bool] = True

    def __init__(self, max_at_once: int = 100) -> None:
        super().__init__(max_at_once)
        self._slots = asyncio.Semaphore(max_at_once)
        self._calls: dict[AttemptKey, LoopCall] = {}
        self._commands = SupervisedAttempts()
        self._threads = PoolThreads(f"{self.name}-beside", max_at_once + 1)
        self._behind = PoolThreads(f"{self.name}-behind", _THREADS_BEHIND_MAX, self._thread_began)
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._main, name=f"rescind-{self.name}", daemon=True)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            can_stop_pending=True, can_interrupt=True, can_kill=False, survivors=_SURVIVORS
        )

    @property
    def rungs(self) -> tuple[Rung, ...]:
        return (Rung.FLAG, Rung.INTERRUPT)

    def _rungs_of_call(self, call: Call) -> tuple[Rung, ...]:
        return self.rungs if _is_coroutine(call) else (Rung.FLAG,)

    def start(self) -> None:
        if not self._started.is_set():
            self._thread.start()
            self._started.wait()

    def submit_body(self, work: Work, on_end: OnEnd, gate: Gate | None = None) -> None:
        """Begin the flow's body now, beside the attempts that are counted.

        It runs in a copy of the context here, so it finds what is set around it.
        """
        attempt = self._admit(work, on_end, gate)
        self._put(attempt, context_of(attempt.as_running()), is_counted=False)

    def cannot_stop(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:
        return [key for key in keys if key in self._calls and self._calls[key].cannot_be_stopped]

    def is_waiting(self, key: AttemptKey) -> bool:
        call = self._calls.get(key)
        if call is None or self._loop is None or not call.is_unanswered:
            return False
        return asyncio.current_task(self._loop) is not call.task

    def _enqueue(self, attempt: HeldAttempt) -> None:
        # A context of its own: whoever submits it may be in another attempt's.
        context = Context().run(context_of, attempt.as_running())
        self._put(attempt, context, is_counted=True)

    def _put(self, attempt: HeldAttempt, context: Context, *, is_counted: bool) -> None:
        call = LoopCall(attempt, context)
        self._calls[attempt.key] = call
        self._post(self._take_on, call, is_counted)

    def _post(self, function: Callable[..., object], *args: object) -> None:
        assert self._loop is not None, "not started"
        # In no attempt's context, or what runs for one would count as started by another.
        self._loop.call_soon_threadsafe(function, *args, context=Context())

    def _take_on(self, call: "LoopCall", is_counted: bool) -> None:
        call.carrying = asyncio.get_running_loop().create_task(self._carry(call, is_counted))

    async def _carry(self, call: "LoopCall", is_counted: bool) -> None:
        async with self._slots if is_counted else nullcontext():
            if await self._beside(self._begin, call.attempt):
                end = await self._end_of(call)
                del self._calls[call.attempt.key]
                self._end(call.attempt, end)
            else:
                del self._calls[call.attempt.key]

    async def _end_of(self, call: "LoopCall") -> WorkEnd:
        work = call.attempt.work
        if isinstance(work.does, Command):
            return await self._beside(self._commands.run, call.attempt, pack(work))
        if _is_coroutine(work.does):
            await call.run(work.does)
        else:
            call.is_plain = True
            await self._beside(call.context.run, call.run_plainly, work.does)
        return call.end()

    async def _beside(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """In a thread of ours, none of an attempt's."""
        return await asyncio.wrap_future(self._threads.submit(function, *args, **kwargs))

    def _take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        key = attempt.key
        if isinstance(attempt.work.does, Command):
            return self._commands.take(attempt, rung)
        if rung is Rung.FLAG:
            return RungResult(key, rung, "done", "the flag is set")
        call = self._calls.get(key)
        if call is None:
            return RungResult(key, rung, "done", "it has ended this moment")
        call.ask()
        self._post(call.interrupt)
        return RungResult(key, rung, "done", "CancelledError waits for its next await")

    def _thread_began(self, future: "Future[Any]") -> None:
        """In the loop's thread, by code of an attempt, or of the loop itself."""
        call = self._call_here()
        if call is not None:
            call.owns_thread(future)

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
        call = self._call_here()
        if call is not None:
            call.owns_task(task)
        return task

    def _call_here(self) -> "LoopCall | None":
        here = running_attempt()
        return None if here is None else self._calls.get(here.key)

    def _main(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(self._behind)
        self._loop.set_task_factory(self._make_task)
        self._started.set()
        await self._stop.wait()

    def _close(self) -> None:
        if self._started.is_set():
            self._post(self._stop.set)
            self._thread.join(1.0)
        self._threads.shutdown()
        self._behind.shutdown()
        self._commands.close()


def _is_coroutine(call: Call) -> bool:
    return inspect.iscoroutinefunction(call.function)
