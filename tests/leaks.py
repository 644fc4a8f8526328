"""What a test has left running: child processes and threads that were not there before it.

A zombie is dead (a container's first process may not reap it), and a thread of the standard
library's that ends by itself is given a few seconds.
"""

import threading
import time
from dataclasses import dataclass

import psutil

_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """Children of this process (id and time of start) and threads, at one moment."""

    children: frozenset[tuple[int, float]]
    threads: frozenset[threading.Thread]

    @classmethod
    def now(cls) -> "Running":
        children = set[tuple[int, float]]()
        for child in psutil.Process().children(recursive=True):
            try:
                if child.status() != psutil.STATUS_ZOMBIE:
                    children.add((child.pid, child.create_time()))
            except psutil.NoSuchProcess:
                continue
        return cls(frozenset(children), frozenset(threading.enumerate()))


def leaked_since(before: Running) -> list[str]:
    """Wait for what is ending anyway, then name what is left."""
    end = time.monotonic() + _SECONDS_MAX
    while left := _left(before):
        if time.monotonic() > end:
            return left
        time.sleep(0.05)
    return []


def _left(before: Running) -> list[str]:
    now = Running.now()
    threads = [f"thread {thread.name!r}" for thread in now.threads - before.threads]
    return threads + [_named(pid) for pid, _ in now.children - before.children]


def _named(pid: int) -> str:
    try:
        return f"process {pid}: {' '.join(psutil.Process(pid).cmdline())[:200]}"
    except psutil.Error:
        return f"process {pid}"
