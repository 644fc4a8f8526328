"""What the broker has written to its log since a start, and the log's end for an error."""

import contextlib
import re
from pathlib import Path

__all__ = ["LogFollower", "tail"]


class LogFollower:
    """Looks for words in what is added to a file from now on, also while it is rolled."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = path.stat() if path.exists() else None
        self._inode = found.st_ino if found else 0
        self._position = found.st_size if found else 0
        self._seen = ""

    def has(self, words: str) -> bool:
        self._read()
        return words in self._seen

    def last(self, pattern: re.Pattern[str]) -> str | None:
        """Return the pattern's only group where it matches last."""
        self._read()
        found = pattern.findall(self._seen)
        return found[-1] if found else None

    def _read(self) -> None:
        # There is no file before the first line, and for a moment while it is rolled.
        with contextlib.suppress(OSError):
            inode = self._path.stat().st_ino
            if inode != self._inode:
                for rolled in self._path.parent.glob(f"{self._path.name}.*"):
                    if rolled.stat().st_ino == self._inode:
                        self._read_on(rolled)
                self._inode, self._position = inode, 0
            self._read_on(self._path)

    def _read_on(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(self._position)
            added = file.read()
        self._position += len(added)
        self._seen += added.decode(errors="replace")


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a file, or nothing if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
