"""Interrupting what runs in the main thread: `rescind.Cancelled`, in user code and nowhere else.

A signal to the main thread ends sleeps, receives, lock waits and loops within a millisecond
(measured; `_thread.interrupt_main` waits for the call to return). Its handler runs in the main
thread, between two bytecodes, so "is that attempt running now?" and "raise" are one step. What the
handler can hit, and what keeps it off:

* **another attempt, or none**: the calls of the main thread are a stack of `Region`. The handler
  raises only for the one on top, and only if that one was asked; one below gets it when it is on
  top again.
* **a result that is there**: a call is made by C code that stores its value (`list.extend` over
  `starmap`), and the handler leaves a region alone that has a value or an error. CPython looks for
  signals at calls, at jumps back and at function starts, and between the end of user code and the
  store there is none of them.
* **our own code under user code** (`future.result()` inside the flow's body): it runs under
  `Regions.shield`. The handler then only wakes it, and it lets the interrupt out where it holds
  nothing.

The signal is one of our own and not SIGINT: Python does not say who sent a signal, and two pending
ones are one, so with SIGINT a person's Ctrl-C and an interrupt could be taken for each other. It
also survives user code that handles SIGINT itself. The handler stays for the life of the process:
taking it away would let a signal that is still on its way end the process.

Absent: repeating. Whoever climbs the ladder interrupts again each second.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable
from itertools import starmap
from types import FrameType, TracebackType
from typing import Final

from rescind.cancelled import Cancelled
from rescind.runners.executors.base import AttemptKey

__all__ = [
    "INTERRUPT_SIGNAL",
    "Region",
    "Regions",
    "loop_runs_here",
    "main_regions",
    "why_not_here",
]

# Elsewhere than on Linux there are no real-time signals; imports must work there all the same.
INTERRUPT_SIGNAL: Final = signal.SIGRTMIN + 3 if sys.platform == "linux" else signal.SIGUSR2


class Region:
    """One call that may be interrupted, and what came of it."""

    __slots__ = ("asked", "asked_at", "error", "key", "raised", "raised_at", "shields", "values")

    def __init__(self, key: AttemptKey) -> None:
        self.key = key
        self.values: list[object] = []
        self.error: BaseException | None = None
        self.asked = 0
        self.asked_at: float | None = None
        self.raised = 0
        self.raised_at: float | None = None
        self.shields = 0

    @property
    def is_over(self) -> bool:
        return bool(self.values) or self.error is not None

    @property
    def reaction_ms(self) -> float | None:
        """From the first interrupt that was asked for to the first that user code got."""
        if self.asked_at is None or self.raised_at is None:
            return None
        return (self.raised_at - self.asked_at) * 1000


class Regions:
    """The calls that the main thread is in, the innermost last.

    All `wakers` are called when a region was asked, by whoever asks and by the handler: each ends
    a wait that our own code may be in, and must not take a lock.
    """

    def __init__(self) -> None:
        self._stack: list[Region] = []
        self._lock = threading.Lock()
        self._unanswered_since: float | None = None
        self._early = 0
        self._signals_are_requests = False
        self.wakers: list[Callable[[], None]] = []

    def install(self, *, signals_are_requests: bool = False) -> None:
        """Get the handler in place; needs the main thread, and does no harm when repeated.

        With `signals_are_requests` each signal is a request of its own: a worker process is told
        from outside, and has one region in its life.
        """
        self._signals_are_requests = signals_are_requests
        signal.signal(INTERRUPT_SIGNAL, self._on_signal)

    def run(self, region: Region, call: Callable[[], object]) -> None:
        """Call it in this thread; its value or its error is in the region afterwards, never raised.

        Around it there is no region, or one under its shield.
        """
        try:
            self._stack.append(region)
            self._raise_early(region)
            region.values.extend(starmap(call, ((),)))
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit too.
            region.error = error
        self._stack.pop()

    def interrupt(self, key: AttemptKey) -> bool:
        """Have `Cancelled` raised in that call, from any other thread; ``False``: it is in none."""
        with self._lock:
            region = next((each for each in self._stack[:] if each.key == key), None)
            if region is None or region.is_over:
                return False
            now = time.monotonic()
            if region.asked_at is None:
                region.asked_at = now
            if self._unanswered_since is None:
                self._unanswered_since = now
            region.asked += 1
        # Not to the process: another thread would take the signal, and the main thread sleep on.
        signal.pthread_kill(threading.main_thread().ident or 0, INTERRUPT_SIGNAL)
        # A signal that arrives between the last look for signals and the system call ends no wait
        # (seen with Python 3.14 on a loaded machine). User code gets the next one a second later;
        # our own wait is ended at once.
        self._wake_all()
        return True

    def unanswered_seconds(self, key: AttemptKey) -> float:
        """For how long the main thread has not even run the handler: it is inside a C call."""
        since = self._unanswered_since
        asked = any(region.key == key and region.asked for region in self._stack[:])
        return 0.0 if since is None or not asked else time.monotonic() - since

    def shield(self) -> "_Shield":
        """``with`` it around our own code under user code; leaving it lets an interrupt out.

        In other threads it does nothing: nothing reaches them.
        """
        here = threading.current_thread() is threading.main_thread()
        return _Shield(self, self._stack[-1] if self._stack and here else None)

    def raise_if_asked(self) -> None:
        """Let an interrupt out under a shield, where nothing is held.

        Raises:
            Cancelled: the call on top was asked to stop and has not been told yet.

        """
        region = self._stack[-1] if self._stack else None
        if region is not None and not region.is_over and region.raised != region.asked:
            self._raise_in(region)

    def raise_if_open(self) -> None:
        """The same, unless the call on top is still under a shield."""
        if self._stack and not self._stack[-1].shields:
            self.raise_if_asked()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._unanswered_since = None
        region = self._stack[-1] if self._stack else None
        if self._signals_are_requests:
            if region is None:
                self._early += 1
                return
            region.asked += 1
        if region is not None and region.shields:
            self._wake_all()
            return
        self.raise_if_asked()

    def _wake_all(self) -> None:
        for wake in self.wakers[:]:
            wake()

    def _raise_early(self, region: Region) -> None:
        if self._early:
            region.asked += self._early
            self._raise_in(region)

    def _raise_in(self, region: Region) -> None:
        region.raised = region.asked
        if region.raised_at is None:
            region.raised_at = time.monotonic()
        raise Cancelled


class _Shield:
    __slots__ = ("_region", "_regions")

    def __init__(self, regions: Regions, region: Region | None) -> None:
        self._regions = regions
        self._region = region

    def __enter__(self) -> None:
        if self._region is not None:
            self._region.shields += 1

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _stack: TracebackType | None,
    ) -> None:
        if self._region is not None:
            self._region.shields -= 1
            self._regions.raise_if_open()


_regions: Final = Regions()


def main_regions() -> Regions:
    """Those of the main thread: one stack for the process, as there is one such thread."""
    return _regions


def why_not_here() -> str | None:
    """Why nothing can be interrupted in this thread, or ``None`` if it can be."""
    if threading.current_thread() is not threading.main_thread():
        return "signals reach Python code in the main thread only, and this is another thread"
    if loop_runs_here():
        return "an event loop runs in the main thread (a notebook?), and an interrupt could hit it"
    return None


def loop_runs_here() -> bool:
    """Whether this is code of an event loop."""
    if "asyncio" not in sys.modules:
        return False
    # Late: it takes 40 ms, and worker processes do without.
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
