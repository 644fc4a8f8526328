"""Work in threads: many at once, and none that can really be stopped.

Threads can only be asked. By default that is the flag (`current_run().is_cancelling()`) and nothing
else: whatever runs is in `cannot_stop`, and is waited for. With ``asynchronous_exceptions=True``
`rescind.Cancelled` is also raised in the thread. Python delivers it between two bytecodes: within a
millisecond in a loop, and after the call returns in a sleep, a lock wait, a receive, a subprocess
or C code (all measured), however long that takes. It can hit any line of user code, also one inside
``finally`` or a finalizer (where it is lost); that is why it has to be asked for.

How it is kept from hitting anything else is in `threadcall`. Threads are daemons: one that does not
end does not keep the process from ending.
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from rescind.runners.executors.attempt import context_of
from rescind.runners.executors.base import (
    AttemptKey,
    Call,
    Capabilities,
    Command,
    Rung,
    RungResult,
)
from rescind.runners.executors.ends import (
    came_from_interrupt,
    describe,
    end_of_error,
    end_of_value,
)
from rescind.runners.executors.held import REACT_SECONDS, HeldAttempt, HoldingExecutor
from rescind.runners.executors.interrupting.threadcall import ThreadCall
from rescind.runners.executors.supervision.attempts import SupervisedAttempts, pack
from rescind.runners.executors.workerthreads import WorkerThreads

__all__ = ["ThreadExecutor"]

_ASKED_ONLY: Final = (
    "a task that does not look at its flag runs to its end; "
    "so do threads and processes that it started"
)
_RAISED_IN: Final = (
    "a task inside a sleep, a wait or a long call into C runs until that call returns; "
    "so do threads and processes that it started"
)


class ThreadExecutor(HoldingExecutor):
    """Runs up to `max_workers` attempts at once in threads of this process."""

    name: ClassVar[str] = "threads"

    def __init__(self, max_workers: int = 4, *, asynchronous_exceptions: bool = False) -> None:
        super().__init__(max_workers)
        self._raises = asynchronous_exceptions
        self._calls: dict[AttemptKey, ThreadCall] = {}
        self._workers = WorkerThreads(self.name, self._capacity, self._run)
        self._commands = SupervisedAttempts()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            can_stop_pending=True,
            can_interrupt=self._raises,
            can_kill=False,
            survivors=_RAISED_IN if self._raises else _ASKED_ONLY,
        )

    @property
    def rungs(self) -> tuple[Rung, ...]:
        return (Rung.FLAG, Rung.INTERRUPT) if self._raises else (Rung.FLAG,)

    def start(self) -> None:
        """Nothing to do: threads come with the work."""

    def cannot_stop(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:
        return [key for key in keys if self._cannot_stop(key)]

    def _cannot_stop(self, key: AttemptKey) -> bool:
        running = self._calls.get(key)
        if running is None:
            return False
        if not self._raises:
            return True
        return running.asked_at is not None and time.monotonic() - running.asked_at >= REACT_SECONDS

    def _enqueue(self, attempt: HeldAttempt) -> None:
        self._workers.put(attempt)

    def _run(self, attempt: HeldAttempt) -> None:
        if not self._begin(attempt):
            return
        work = attempt.work
        if isinstance(work.does, Command):
            self._end(attempt, self._commands.run(attempt, pack(work)))
        else:
            self._run_call(attempt, work.does)

    def _run_call(self, attempt: HeldAttempt, call: Call) -> None:
        running = ThreadCall()
        self._calls[attempt.key] = running
        context = context_of(attempt.as_running())
        running.run(partial(context.run, call.function, *call.args, **call.kwargs))
        del self._calls[attempt.key]
        if running.error is None:
            end = end_of_value(attempt.key, running.values[0], attempt.evidence())
        else:
            end = end_of_error(
                attempt.key,
                describe(running.error),
                interrupted=came_from_interrupt(running.error),
                taken=frozenset(attempt.taken),
                evidence=attempt.evidence(),
            )
        self._end(attempt, end)

    def _take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        key = attempt.key
        if isinstance(attempt.work.does, Command):
            return self._commands.take(attempt, rung)
        if rung is Rung.FLAG:
            return RungResult(key, rung, "done", "the flag is set")
        running = self._calls.get(key)
        if running is not None and running.raise_in():
            return RungResult(key, rung, "done", "the exception waits for the next bytecode")
        return RungResult(key, rung, "done", "it is not in user code this moment")

    def _close(self) -> None:
        self._workers.close()
        self._commands.close()
