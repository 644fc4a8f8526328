"""Does anything of it still run? Asked of the process table, not of anybody's word.

A process is its id and its time of start, since ids are given out again; one that nobody has
collected yet (a zombie) is dead.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

__all__ = ["Seen", "all_below", "still_there"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One process that was seen. `started_at` is in seconds since 1970."""

    pid: int
    started_at: float
    command: str


def all_below(pid: int) -> set[Seen]:
    """Every process that this one has started, and what those have, as of now."""
    found: set[Seen] = set()
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline())[:60] or process.name()
                found.add(Seen(process.pid, process.create_time(), command))
    return found


def still_there(seen: Iterable[Seen]) -> list[Seen]:
    """Which of them still run."""
    return [process for process in seen if _runs(process)]


def _runs(seen: Seen) -> bool:
    try:
        process = psutil.Process(seen.pid)
        same = abs(process.create_time() - seen.started_at) < 1
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
