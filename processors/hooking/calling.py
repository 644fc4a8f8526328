"""`PythonHook`: an event for a callable that a package offers as an entry point.

It runs in a thread of its own, an ``async def`` in an event loop of its own there: whatever it
does, the agents' loop goes on. A thread cannot be ended. So one that hangs is left behind when
its time is over, and when a few of them hang a try waits until one comes back, as long as a call
may take. One that is merely busy hangs no try.
"""

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from rescind.events.hooks import HOOKS_GROUP, HookEvent
from rescind.processors.hooking.tries import Try

__all__ = ["PythonHook", "offered"]

HANGING_MAX: Final = 4


def offered() -> dict[str, EntryPoint]:
    """The Python hooks that installed packages offer, by their names."""
    return {point.name: point for point in entry_points(group=HOOKS_GROUP)}


class PythonHook:
    """A callable that is given a `HookEvent`. It is imported when it is first called."""

    def __init__(self, name: str, timeout_seconds: float, point: EntryPoint | None) -> None:
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._point = point
        self._hanging = 0
        """Calls whose time is over and that have not returned."""
        self._room = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether too many of its calls hang."""
        return self._hanging >= HANGING_MAX

    async def tell(self, event: HookEvent) -> Try:
        if self._point is None:
            return Try(f"no installed package offers {self._name!r} in the group {HOOKS_GROUP}")
        if not await self._has_room():
            return Try(f"{self._hanging} earlier calls have not returned")
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        try:
            self._start(event, ended)
            async with asyncio.timeout(self._timeout_seconds):
                return Try(await ended)
        except TimeoutError:
            if ended.done() and not ended.cancelled():
                return Try(ended.result())
            return Try(f"it has not returned within {self._timeout_seconds:g} s")
        except RuntimeError as error:
            # No more threads can be started.
            return Try(f"RuntimeError: {error}")
        finally:
            # Nobody waits for it any more; it is counted until it comes back.
            self._hanging += ended.cancelled()

    def _start(self, event: HookEvent, ended: "asyncio.Future[str]") -> None:
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()

        def call() -> None:
            why = context.run(_called, self._point, event, self._timeout_seconds)
            # The agents may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(end, why)

        def end(why: str) -> None:
            if ended.cancelled():
                self._hanging -= 1
                self._room.set()
            else:
                ended.set_result(why)

        # A daemon: one that hangs must not keep the process from ending.
        threading.Thread(target=call, name=f"hook-{self._name}", daemon=True).start()

    async def _has_room(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_seconds):
                while self.is_full:
                    self._room.clear()
                    await self._room.wait()
        return not self.is_full

    async def close(self) -> None:
        """Nothing is held: threads that hang end with the process."""


def _called(point: EntryPoint | None, event: HookEvent, timeout_seconds: float) -> str:
    """Why it was not taken; empty if it was."""
    assert point is not None
    try:
        hook: Callable[[HookEvent], Any] = point.load()
        answer = hook(event)
        if inspect.iscoroutine(answer):
            asyncio.run(asyncio.wait_for(answer, timeout_seconds))
    except BaseException as error:  # noqa: BLE001 - also what would end a process by itself
        return f"{type(error).__name__}: {error}"[:1_000]
    return ""
