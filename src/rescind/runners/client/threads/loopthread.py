"""An event loop in a thread of its own, for callers that have none.

Whoever calls from another thread waits for the answer; what is called in the loop itself (from a
callback) is done at once, and may not wait for what the loop would have to do.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from rescind.errors import RunnerClosedError, WouldWaitError

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """Started by `start`, ended by `stop`. Any thread may call the rest."""

    def __init__(self, name: str) -> None:
        # A daemon: a program that forgets to leave the client must still be able to end.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._loop = asyncio.new_event_loop()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the loop, with what was left in it, and wait for its thread."""
        asyncio.run_coroutine_threadsafe(_end_all_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait_for(self, coroutine: Coroutine[Any, Any, T], did: str) -> T:
        """Run it in the loop and wait for its result.

        An exception in the waiting thread (an interrupt) cancels it. Raises `WouldWaitError` in
        the loop's own thread, `RunnerClosedError` after the end; `did` says what was called.
        """
        if threading.current_thread() is self._thread or self._loop.is_closed():
            coroutine.close()
            raise RunnerClosedError(did) if self._loop.is_closed() else WouldWaitError(did)
        waiting = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return waiting.result()
        except BaseException:
            waiting.cancel()
            raise

    def do(self, what: Callable[[], T], did: str) -> T:
        """Call it in the loop and return what it returns. Raises `RunnerClosedError`."""
        if threading.current_thread() is self._thread:
            return what()
        if self._loop.is_closed():
            raise RunnerClosedError(did)
        done: Future[T] = Future()

        def call() -> None:
            try:
                done.set_result(what())
            except BaseException as error:  # noqa: BLE001 - it is the caller's, in its thread
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return done.result()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            asyncio.set_event_loop(None)


async def _end_all_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
