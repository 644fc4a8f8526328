"""The runner's two clocks.

Whether a grant is fresh is judged by a clock that runs through suspend: a laptop that slept over
a cancellation must not wake up with a grant that looks young. What is written into requests is
the wall clock's, for people only; no rule reads it.
"""

import time
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Clock", "boot_seconds", "wall_ms"]

Clock: TypeAlias = Callable[[], float]
"""Seconds since some fixed moment, never running backwards."""


def boot_seconds() -> float:
    """Seconds since the machine was started, time in suspend included (``CLOCK_BOOTTIME``)."""
    # Only Linux has it; elsewhere suspend is missed, and a grant lives so much longer.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def wall_ms() -> int:
    """Milliseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000_000
