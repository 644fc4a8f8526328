"""A few daemon threads that take items from one queue, made when they are needed.

Not `concurrent.futures`: its threads are joined when the interpreter ends, so a thread that cannot
be stopped would hold the process for ever. These end with the process, wherever they are.
"""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["WorkerThreads"]

T = TypeVar("T")


class WorkerThreads(Generic[T]):
    """At most `threads_max` threads that call `run` for each item put in, in order."""

    def __init__(self, name: str, threads_max: int, run: Callable[[T], None]) -> None:
        self._name = name
        self._threads_max = threads_max
        self._run = run
        self._queue: queue.SimpleQueue[tuple[T] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open = 0  #: put in and not yet done

    def put(self, item: T) -> None:
        with self._lock:
            self._open += 1
            if len(self._threads) < min(self._open, self._threads_max):
                self._start_thread()
        self._queue.put((item,))

    def close(self, join_seconds: float = 1.0) -> None:
        """Let idle threads end; one that is busy ends after what it does now."""
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._queue.put(None)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(join_seconds)
                # One that is stuck is no reason to wait for the next one as well.
                join_seconds = 0.0 if thread.is_alive() else join_seconds

    def _start_thread(self) -> None:
        name = f"rescind-{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while (entry := self._queue.get()) is not None:
            try:
                self._run(entry[0])
            finally:
                with self._lock:
                    self._open -= 1
            del entry  # What it holds must not live until the next one comes.
