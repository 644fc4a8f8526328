"""Where reports go when there are too many for memory: appended to a file, read back in order.

The file has no name, so a runner that is killed leaves nothing behind: what a dead runner did not
get to Kafka is of no use to anybody, its attempts are lost with it.
"""

import os
import tempfile
from pathlib import Path
from typing import IO

__all__ = ["Spill"]

_LENGTH_BITS = 24


class Spill:
    """Takes bytes of less than 16 MiB and gives for each one number by which to have it back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0
        self._kept = 0

    def put(self, content: bytes) -> int:
        """Append. Raises `OSError` when the disk does not take it."""
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by `close`
        assert len(content) < 1 << _LENGTH_BITS
        if os.pwrite(self._file.fileno(), content, self._end) != len(content):
            raise OSError(f"the file for waiting reports in {self._folder} cannot grow")
        place = self._end << _LENGTH_BITS | len(content)
        self._end += len(content)
        self._kept += 1
        return place

    def get(self, place: int) -> bytes:
        """Read back what `put` gave this number for."""
        assert self._file is not None
        length = place & (1 << _LENGTH_BITS) - 1
        return os.pread(self._file.fileno(), length, place >> _LENGTH_BITS)

    def drop(self, count: int) -> None:
        """So many are not needed any more; with the last of them the file is emptied."""
        self._kept -= count
        if not self._kept and self._file is not None:
            self._file.truncate(0)
            self._end = 0

    def close(self) -> None:
        """Give the disk space back."""
        if self._file is not None:
            self._file.close()
            self._file = None
