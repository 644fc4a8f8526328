"""Signals to exactly the process that was meant, and a kill that looks again until none is left."""

import errno
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rescind.runners.executors.processtree.identity import Process, read_process

__all__ = ["KillReport", "kill_until_gone", "send_signal"]

_LOOK_AGAIN_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class KillReport:
    """What was killed, and what is left of it (a process stuck in the kernel cannot be killed)."""

    killed: Sequence[Process]
    survivors: Sequence[Process]
    took_ms: float


def send_signal(process: Process, signal_number: int) -> bool:
    """Send it to that very process; ``False`` if it is gone.

    Raises:
        PermissionError: it belongs to somebody else by now (it changed its user).

    """
    descriptor: int | None = None
    try:
        descriptor = _hold(process.pid)
        # The descriptor holds one process fast; only now the start time can be trusted.
        current = read_process(process.pid)
        if current is None or current.identity != process.identity:
            return False
        if descriptor is None:
            os.kill(process.pid, signal_number)
        else:
            signal.pidfd_send_signal(descriptor, signal_number)
    except ProcessLookupError:
        return False
    else:
        return True
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _hold(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        # Before Linux 5.3, and under old container profiles, which forbid what they do not know.
        if error.errno in {errno.ENOSYS, errno.EPERM}:
            return None
        raise


def kill_until_gone(
    find: Callable[[], Iterable[Process]],
    *,
    seconds_max: float,
    between: Callable[[], object] = lambda: None,
) -> KillReport:
    """SIGKILL to all that `find` returns, again and again, until it returns nothing.

    One look is not enough: what is killed may have started another child a moment before, and
    children of the killed get a new parent. `between` is called before each look, to reap.
    """
    began = time.monotonic()
    killed: dict[int, Process] = {}
    while True:
        between()
        alive = list(find())
        elapsed = time.monotonic() - began
        if not alive or elapsed > seconds_max:
            return KillReport(list(killed.values()), alive, elapsed * 1000)
        for process in alive:
            try:
                if send_signal(process, signal.SIGKILL):
                    killed[process.pid] = process
            except PermissionError:
                continue  # It shows among the survivors.
        time.sleep(_LOOK_AGAIN_SECONDS)
