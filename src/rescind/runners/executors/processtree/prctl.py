"""The two things that Linux lets a process ask for itself and Python does not offer."""

import ctypes
import signal
from typing import Final

__all__ = ["adopt_orphans", "die_with_parent"]

# <linux/prctl.h>
_SET_PARENT_DEATH_SIGNAL: Final = 1
_SET_CHILD_SUBREAPER: Final = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: none can slip away.

    Raises:
        OSError: the kernel said no.

    """
    _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Get this signal when the *thread* that made this process ends.

    So only for children of single-threaded processes. A parent that is gone already sends
    nothing: look at the parent's pid afterwards.

    Raises:
        OSError: the kernel said no.

    """
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal_number)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"expected prctl({option}, {value}) to work, but errno is {number}")
