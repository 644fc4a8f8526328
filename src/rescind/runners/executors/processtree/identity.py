"""Which process is meant: a pid with its start time, and who descends from whom.

A pid alone names nobody, since pids are used again; the start time is in clock ticks since boot, so
it does not move when the clock is set (psutil's is in seconds since 1970 and does). A zombie is
dead: it holds no memory, no file and no port, and waits for a parent that may never ask, as PID 1
of many containers never does.

Read from ``/proc`` at once for all: parent links of one process after another would miss those that
change parents meanwhile.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Identity",
    "Process",
    "all_processes",
    "carriers",
    "descendants",
    "is_running",
    "read_process",
]


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that is not mistaken for a later one with its pid."""

    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table."""

    identity: Identity
    name: str
    parent_pid: int
    is_dead: bool

    @property
    def pid(self) -> int:
        return self.identity.pid


def read_process(pid: int) -> Process | None:
    """The process with that pid now, or ``None``."""
    try:
        # Bytes: a process may call itself anything, also something that is no UTF-8.
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # "pid (name) state ppid …", and the name may hold blanks and brackets.
    head, _, tail = line.rpartition(b")")
    fields = tail.split()
    # Fields 3, 4, 20, 22 of proc(5). The first thread may have ended while others run: the
    # process then shows as a zombie with more than one thread, and is alive.
    state, parent_pid, threads, start_ticks = fields[0], fields[1], fields[17], fields[19]
    return Process(
        identity=Identity(pid, int(start_ticks)),
        name=head.partition(b"(")[2].decode(errors="replace"),
        parent_pid=int(parent_pid),
        is_dead=state in {b"Z", b"X"} and int(threads) <= 1,
    )


def all_processes() -> dict[int, Process]:
    """Every process that can be seen, by pid, zombies too."""
    found = (read_process(pid) for pid in _pids())
    return {process.pid: process for process in found if process is not None}


def descendants(of_pid: int, table: Mapping[int, Process] | None = None) -> list[Process]:
    """What runs below a process, without itself and without zombies; parents come first."""
    table = all_processes() if table is None else table
    children: dict[int, list[Process]] = {}
    for process in table.values():
        children.setdefault(process.parent_pid, []).append(process)
    found: list[Process] = []
    todo = [of_pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += (process.pid for process in below)
    return [process for process in found if not process.is_dead]


def is_running(identity: Identity) -> bool:
    """Whether that very process runs: not a later one with its pid, and no zombie."""
    process = read_process(identity.pid)
    return process is not None and process.identity == identity and not process.is_dead


def carriers(variable: str, value: str) -> list[Process]:
    """What runs with this variable in the environment that it was started with.

    Finds what descends from a process that is gone, which no parent link shows any more. Programs
    that were started with a cleaned environment, and those of other users, are not found.
    """
    wanted = f"{variable}={value}".encode()
    found: list[Process] = []
    for pid in _pids():
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if wanted in environ.split(b"\0"):
            process = read_process(pid)
            if process is not None and not process.is_dead:
                found.append(process)
    return found


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - quick.
