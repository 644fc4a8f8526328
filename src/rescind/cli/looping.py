"""`in_loop`: `asyncio.run` for a command, where no Ctrl-C is lost or strikes at a bad moment.

With ``asyncio.run`` one that comes as the work ends by itself is swallowed, and the command goes
on to what it does next; one that comes as the loop is closed leaves it half closed, and Python
complains of that while it ends. Of 25 presses right after a command had said something, two were
lost and three were followed by such complaints.
"""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

__all__ = ["in_loop"]

T = TypeVar("T")


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run it in an event loop of its own; its value.

    Work that takes SIGINT by its loop's `add_signal_handler` has it from then on.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed. Once, and the work is cancelled, if it has not
            ended; again, and this is raised at once.

    """
    ctrl_c = _CtrlC()
    try:
        with ctrl_c.taken(), asyncio.Runner() as runner:
            value = runner.run(ctrl_c.stops(work))
    except asyncio.CancelledError:
        if not ctrl_c.times:
            raise
    else:
        if not ctrl_c.times:
            return value
    raise KeyboardInterrupt


class _CtrlC:
    """How often it was pressed, and what that stops."""

    def __init__(self) -> None:
        self.times = 0
        self._working: asyncio.Task[Any] | None = None

    @contextmanager
    def taken(self) -> Generator[None]:
        """Have it meanwhile, where it would be Python's; a runner leaves a handler alone."""
        is_ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if not is_ours:
            yield
            return
        signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    async def stops(self, work: Coroutine[Any, Any, T]) -> T:
        """The work, which it cancels."""
        self._working = asyncio.current_task()
        if self.times:
            work.close()
            raise asyncio.CancelledError
        return await work

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        self.times += 1
        if self.times > 1:
            raise KeyboardInterrupt
        if self._working is not None and not self._working.done():
            self._working.cancel()
            # A loop that waits for its sockets does not see by itself that there is more to do.
            self._working.get_loop().call_soon_threadsafe(_nothing)


def _nothing() -> None:
    pass
