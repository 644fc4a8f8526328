"""Work in processes of its own: whatever it is doing, it can be ended, with all that it started.

Each attempt gets a fresh process, forked by a supervisor (`supervision`), in a session and, where
this user may make one, in a cgroup of its own. That it is gone is seen, not assumed: the evidence
lists what was killed and what is left (``survivors``).

Not `pebble`, the best of the process pools with a hard cancel: it kills the worker and leaves its
children (all of them, measured), knows no gentler step than SIGTERM, and by default forks from a
process that has threads. Not `concurrent.futures`: killing one worker breaks the pool for all.

What to know: arguments and results are pickled (by `cloudpickle`, so functions of ``__main__`` and
lambdas work); standard input is empty, standard output and error are the runner's; each attempt
imports anew what it needs, unless `preload` names it. Linux only.
"""

import os
import sys
from collections.abc import Sequence
from typing import ClassVar, Final

from rescind.errors import ArgumentsNotSentError, CannotInterruptError
from rescind.runners.executors.base import (
    AttemptKey,
    Capabilities,
    Rung,
    RungResult,
    WorkEnd,
)
from rescind.runners.executors.ends import describe
from rescind.runners.executors.held import HeldAttempt, HoldingExecutor
from rescind.runners.executors.supervision.attempts import Parcel, SupervisedAttempts, pack
from rescind.runners.executors.workerthreads import WorkerThreads

__all__ = ["ProcessExecutor"]

_SURVIVORS: Final = (
    "nothing on this machine that the task started; what it had others start (containers, "
    "services, jobs elsewhere) goes on"
)


class ProcessExecutor(HoldingExecutor):
    """Runs up to `max_workers` attempts at once, each in a process tree of its own.

    Args:
        max_workers: how many at once; by default one for each processor.
        preload: modules that supervisors import once, so that attempts find them there. Only
            modules that start no thread when imported.
        use_cgroup: make a cgroup for each tree where that is allowed.

    """

    name: ClassVar[str] = "processes"

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        preload: Sequence[str] = (),
        use_cgroup: bool = True,
    ) -> None:
        super().__init__(max_workers or os.cpu_count() or 1)
        self._workers = WorkerThreads(self.name, self._capacity, self._run)
        self._trees = SupervisedAttempts(use_cgroup=use_cgroup, preload=preload)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            can_stop_pending=True, can_interrupt=True, can_kill=True, survivors=_SURVIVORS
        )

    @property
    def rungs(self) -> tuple[Rung, ...]:
        return tuple(Rung)

    def start(self) -> None:
        if sys.platform != "linux":
            raise CannotInterruptError("process trees are ended by means that only Linux has")

    def cannot_stop(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:  # noqa: ARG002
        return []

    def _enqueue(self, attempt: HeldAttempt) -> None:
        # Now, so that the work gets its arguments as they are now.
        try:
            self._workers.put((attempt, pack(attempt.work)))
        except ArgumentsNotSentError as error:
            self._workers.put((attempt, error))

    def _run(self, entry: tuple[HeldAttempt, Parcel | ArgumentsNotSentError]) -> None:
        attempt, parcel = entry
        if not self._begin(attempt):
            return
        if isinstance(parcel, ArgumentsNotSentError):
            self._end(attempt, WorkEnd(attempt.key, "failed", error=describe(parcel)))
        else:
            self._end(attempt, self._trees.run(attempt, parcel))

    def _take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        return self._trees.take(attempt, rung)

    def _close(self) -> None:
        self._workers.close()
        self._trees.close()
