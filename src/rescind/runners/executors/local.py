"""Work in the main thread: the simplest executor, and the one that can interrupt Python code.

Nothing runs by itself here. Work waits in a queue until the main thread comes by, in `run_pending`:
in `future.result()`, or when the flow's body has ended. The body itself runs by `run_here`, in the
same thread below its tasks; interrupting a task does not touch the body, nor the other way round.

What can be interrupted: loops, sleeps, waits for locks, sockets and subprocesses. What cannot: one
long call into C (compression, hashing, linear algebra). That shows only when it is tried, so such
an attempt is in `cannot_stop` once its thread has not even looked at an interrupt for
`REACT_SECONDS`; it is interrupted as soon as that call returns. Code that swallows interrupts does
look at them, so it is *not* in there. C code that also keeps the interpreter's lock (``sum`` of a
huge range, a bad regular expression) stops every thread of the process, ours too: nothing is asked
before it ends.

Elsewhere than in the main thread, or under a running event loop, work is asked by flag only, and
`capabilities` says why.
"""

import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import FrameType
from typing import Any, ClassVar, Final

from rescind.errors import CannotInterruptError
from rescind.runners.executors.attempt import context_of
from rescind.runners.executors.base import (
    AttemptKey,
    Call,
    Capabilities,
    Command,
    Gate,
    Json,
    OnEnd,
    Rung,
    RungResult,
    Work,
)
from rescind.runners.executors.ends import (
    came_from_interrupt,
    describe,
    end_of_error,
    end_of_value,
)
from rescind.runners.executors.held import REACT_SECONDS, HeldAttempt, HoldingExecutor
from rescind.runners.executors.interrupting.mainthread import (
    Region,
    Regions,
    main_regions,
    why_not_here,
)
from rescind.runners.executors.supervision.attempts import SupervisedAttempts, pack

__all__ = ["LocalExecutor"]

_SURVIVORS: Final = (
    "a task inside a long call into C (compression, linear algebra) runs until that call returns; "
    "threads and processes that a task started go on"
)

# A loop in pure Python lets another thread have its turn after Python's 5 ms; whoever reads the
# intent waits for that. With 1 ms the interrupt came after 1.4 instead of 5.4 ms (median of 300).
_SWITCH_SECONDS: Final = 0.001


class LocalExecutor(HoldingExecutor):
    """Runs work in the thread that calls `start`, which should be the main thread.

    `on_ctrl_c` (may also be set before `start`) is called in the main thread when a person presses
    Ctrl-C, between any two bytecodes: it may put a note into a `queue.SimpleQueue` and no more.
    Without it Ctrl-C is Python's own ``KeyboardInterrupt``. With `must_interrupt` a place where
    nothing can be interrupted is an error of `start` instead of a lesser capability.
    """

    name: ClassVar[str] = "local"

    def __init__(
        self, *, on_ctrl_c: Callable[[], None] | None = None, must_interrupt: bool = False
    ) -> None:
        super().__init__()
        self.on_ctrl_c = on_ctrl_c
        self._must_interrupt = must_interrupt
        self._ctrl_c_before: Any = None
        self._switch_seconds_before = sys.getswitchinterval()
        self._thread: threading.Thread | None = None
        self._why_not: str | None = None
        self._regions = Regions()
        self._pending: deque[HeldAttempt] = deque()
        self._running: dict[AttemptKey, Region] = {}
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._commands = SupervisedAttempts()

    @property
    def capabilities(self) -> Capabilities:
        why = "" if self._why_not is None else f"cannot interrupt here: {self._why_not}; "
        return Capabilities(
            can_stop_pending=True,
            can_interrupt=self._why_not is None,
            can_kill=False,
            survivors=why + _SURVIVORS,
        )

    @property
    def why_no_interrupt(self) -> str:
        return self._why_not or ""

    @property
    def rungs(self) -> tuple[Rung, ...]:
        return (Rung.FLAG, Rung.INTERRUPT) if self._why_not is None else (Rung.FLAG,)

    def start(self) -> None:
        if self._thread is not None:
            return
        self._why_not = why_not_here()
        if self._why_not is not None and self._must_interrupt:
            raise CannotInterruptError(self._why_not)
        self._thread = threading.current_thread()
        if self._why_not is None:
            self._regions = main_regions()
            self._regions.install()
            self._regions.wakers.append(self.wake)
            self._switch_seconds_before = sys.getswitchinterval()
            sys.setswitchinterval(min(_SWITCH_SECONDS, self._switch_seconds_before))
            if self.on_ctrl_c is not None:
                self._ctrl_c_before = signal.signal(signal.SIGINT, self._on_sigint)

    def wake(self) -> None:
        """Have a waiting `run_pending` look at its `until` again. From any thread."""
        if self._woken.empty():
            self._woken.put(None)

    def run_pending(self, until: Callable[[], bool] | None = None) -> None:
        """Run what waits, in order; with `until`, go on waiting for more until it is true.

        `until` is asked after each attempt and each `wake`, and must be quick. To be called in
        the thread of `start`, also by a task that runs here: what it waits for then runs on top.

        Raises:
            Cancelled: the call that called this was interrupted meanwhile.

        """
        assert self._thread is threading.current_thread(), "start() was called in another thread"
        with self._regions.shield():
            while not (until is not None and until()):
                self._regions.raise_if_asked()
                attempt = self._next()
                if attempt is not None:
                    self._run(attempt)
                elif until is None:
                    return
                else:
                    self._woken.get()

    def run_here(self, work: Work, on_end: OnEnd, gate: Gate | None = None) -> None:
        """Run one call now, before all that waits: the flow's body, or a task run inline."""
        with self._regions.shield():
            self._run(self._admit(work, on_end, gate))

    def shield(self) -> AbstractContextManager[None]:
        """``with`` it around code under user code that no interrupt may hit; keep it short."""
        return self._regions.shield()

    def is_waiting(self, key: AttemptKey) -> bool:
        return key in self._running and key != list(self._running)[-1]

    def cannot_stop(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:
        return [key for key in keys if self._cannot_stop(key)]

    def _cannot_stop(self, key: AttemptKey) -> bool:
        if key not in self._running:
            return False
        if self._why_not is not None:
            return True
        return self._regions.unanswered_seconds(key) >= REACT_SECONDS

    def _enqueue(self, attempt: HeldAttempt) -> None:
        self._pending.append(attempt)
        self.wake()

    def _next(self) -> HeldAttempt | None:
        try:
            return self._pending.popleft()
        except IndexError:
            return None

    def _run(self, attempt: HeldAttempt) -> None:
        if not self._begin(attempt):
            return
        work = attempt.work
        if isinstance(work.does, Command):
            self._end(attempt, self._commands.run(attempt, pack(work)))
        else:
            self._run_call(attempt, work.does)

    def _run_call(self, attempt: HeldAttempt, call: Call) -> None:
        region = Region(attempt.key)
        self._running[attempt.key] = region
        context = context_of(attempt.as_running())
        self._regions.run(region, partial(context.run, call.function, *call.args, **call.kwargs))
        del self._running[attempt.key]
        evidence = attempt.evidence() | _reaction(region)
        if region.values:
            end = end_of_value(attempt.key, region.values[0], evidence)
        else:
            assert region.error is not None
            end = end_of_error(
                attempt.key,
                describe(region.error),
                interrupted=came_from_interrupt(region.error),
                taken=frozenset(attempt.taken),
                evidence=evidence,
            )
        self._end(attempt, end)
        if isinstance(region.error, KeyboardInterrupt) and self._ctrl_c_before is None:
            # A person wants out, and nobody said what else Ctrl-C should mean. With a handler of
            # ours in place it was no person: user code raised it, and has failed.
            raise region.error

    def _take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        key = attempt.key
        if isinstance(attempt.work.does, Command):
            return self._commands.take(attempt, rung)
        if rung is Rung.FLAG:
            return RungResult(key, rung, "done", "the flag is set")
        if self._regions.interrupt(key):
            return RungResult(key, rung, "done", "the main thread was interrupted")
        return RungResult(key, rung, "done", "it has ended this moment")

    def _on_sigint(self, _number: int, _frame: FrameType | None) -> None:
        if self.on_ctrl_c is not None:
            self.on_ctrl_c()
        self.wake()

    def _close(self) -> None:
        self._commands.close()
        if self.wake in self._regions.wakers:
            self._regions.wakers.remove(self.wake)
            sys.setswitchinterval(self._switch_seconds_before)
        if self._ctrl_c_before is not None and self._thread is threading.current_thread():
            signal.signal(signal.SIGINT, self._ctrl_c_before)
            self._ctrl_c_before = None


def _reaction(region: Region) -> dict[str, Json]:
    if region.asked == 0:
        return {}
    reaction_ms = region.reaction_ms
    return {
        "interrupts": region.asked,
        "reaction_ms": None if reaction_ms is None else round(reaction_ms, 2),
    }
