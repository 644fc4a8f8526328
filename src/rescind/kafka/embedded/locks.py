"""A lock that a dead process cannot hold: the kernel gives it back.

The file stays when the lock is given back. Removing it would let a third process lock a new
file of the same name while a second one still waits for the old.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["FileLock"]


class FileLock:
    """An exclusive lock on ``path``, for one process; made with its file, private to the user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self, *, wait: bool = True) -> bool:
        """Return False if it was not to wait and another process holds the lock."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return True

    def fileno(self) -> int:
        """The open file: a child that inherits it holds the lock too, for as long as it lives."""
        assert self._fd is not None, "not acquired"
        return self._fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
