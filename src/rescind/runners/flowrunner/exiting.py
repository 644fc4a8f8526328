"""The last rung of an abort: what cannot be stopped in this process ends with it.

A call into C in a thread, or code that swallows every interrupt, goes on until the process is
gone. If everything that runs here allows it (``may_exit``), then half a second after an abort was
read the ends are reported, the flow run's too, Kafka has them, and the process leaves with
`EXIT_CODE`. What it says of such an end is what it can know: forced, and seen by nobody.

Whoever waits does not need to allow it: a body below a task that runs in the main thread is not
asked. Clean-up steps of others are waited for; those of what ends with the process are not run,
since the work may still be at it, and that is said.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import structlog

from rescind.runners.client import Run
from rescind.runners.client.runner import FLUSH_SECONDS_MAX
from rescind.runners.executors import AttemptKey, Executor
from rescind.runners.flowrunner.conductor import Conductor
from rescind.runners.flowrunner.watching import Watcher

__all__ = ["EXIT_CODE", "LastRung"]

EXIT_CODE: Final = 9
"""Of a process that ended itself so; `rescind.cli.exits` has it too, and nothing else has it."""

_LOOK_SECONDS: Final = 0.05
_STDIO_SECONDS_MAX: Final = 1.0

_log = structlog.get_logger(__name__)


class LastRung:
    """Ends this process for one flow run, if that is all that helps and if it may.

    Args:
        executors: all that hold attempts of the flow run.
        body_may_exit: says whether the body may be ended so, as it is now.
        last_words: reports the end of the flow run and leaves; returns when Kafka has all.

    """

    def __init__(
        self,
        run: Run,
        conductor: Conductor,
        executors: Iterable[Executor],
        watcher: Watcher,
        body_may_exit: Callable[[AttemptKey], bool],
        last_words: Callable[[], Awaitable[None]],
    ) -> None:
        self._run = run
        self._conductor = conductor
        self._executors = list(executors)
        self._watcher = watcher
        self._body_may_exit = body_may_exit
        self._last_words = last_words
        self._is_taken = False

    @property
    def is_taken(self) -> bool:
        """Whether this process is about to exit: nothing else is to be begun."""
        return self._is_taken

    async def take(self, *, is_lost: bool = False) -> None:
        """Exit as soon as nothing is open but what ends with the process; return if there is none.

        To be called when everything else has been tried, after an abort or a loss (`is_lost`).
        """
        said = ""
        while stuck := self._stuck():
            against = self._against(stuck)
            message = _words(stuck, against)
            if message != said:
                self._warn(message, is_lost=is_lost)
                said = message
            if not against and self._conductor.open == self._tasks_in(stuck):
                await self._exit(stuck, message)
            await asyncio.sleep(_LOOK_SECONDS)

    async def leave(self) -> None:
        """Exit now, whatever runs here: somebody who was told of it has asked for that."""
        if not self._is_taken:
            running = self.still_running() or "nothing"
            await self._exit(self._stuck(), f"still running: {running}; ended with this process")

    def still_running(self) -> str:
        """The task runs that are at work here, for people; what only waits for them is left out."""
        return ", ".join(
            key.task_run_id
            for executor in self._executors
            for key in self._conductor.held_on(executor)
            if not executor.is_waiting(key)
        )

    def _warn(self, message: str, *, is_lost: bool) -> None:
        _log.warning(message)
        # The service has ended the attempts of one that is lost, and takes no word of them.
        if not is_lost:
            self._run.executor_report("warning", message, executor=self._executors[-1].name)

    def _stuck(self) -> list[tuple[Executor, AttemptKey]]:
        return [
            (executor, key)
            for executor in self._executors
            for key in executor.ends_with_process(self._conductor.held_on(executor))
        ]

    def _against(self, stuck: Sequence[tuple[Executor, AttemptKey]]) -> str:
        """Whoever runs here and does not allow it."""
        allow = {key for _, key in stuck if self._allows(key)}
        here = [key for each in self._executors for key in each.ends_with_process(each.held())]
        return ", ".join(sorted({key.task_run_id for key in here if key not in allow}))

    def _allows(self, key: AttemptKey) -> bool:
        return self._conductor.may_exit(key) or self._body_may_exit(key)

    def _tasks_in(self, stuck: Sequence[tuple[Executor, AttemptKey]]) -> int:
        return sum(self._conductor.carries(key) for _, key in stuck)

    async def _exit(self, stuck: Sequence[tuple[Executor, AttemptKey]], message: str) -> None:
        self._is_taken = True
        self._watcher.exits(message)
        for executor, key in stuck:
            self._conductor.give_up(key)
            executor.give_up(key, {"pid": os.getpid(), "exit_code": EXIT_CODE})
        try:
            async with asyncio.timeout(FLUSH_SECONDS_MAX):
                await self._conductor.settle()
                await self._last_words()
        except Exception as error:  # noqa: BLE001 - it has to end, whatever could not be said.
            _log.error("left without all reports: this runner will count as lost", why=str(error))
        _flush_output()
        os._exit(EXIT_CODE)


def _words(stuck: Sequence[tuple[Executor, AttemptKey]], against: str) -> str:
    names = ", ".join(key.task_run_id for _, key in stuck[:5])
    if against:
        return (
            f"still running: {names}; it is waited for, "
            f"since {against} did not allow this process to end itself (may_exit)"
        )
    return f"still running: {names}; this process ends itself"


def _flush_output() -> None:
    # In a thread: user code may be stuck inside a write, and hold the stream's lock.
    def flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()

    thread = threading.Thread(target=flush, daemon=True)
    thread.start()
    thread.join(_STDIO_SECONDS_MAX)
