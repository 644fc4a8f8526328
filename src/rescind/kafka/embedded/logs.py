"""What the broker has written to its log since a start, and the log's end for an error."""

from pathlib import Path

__all__ = ["LogFollower", "tail"]


class LogFollower:
    """Looks for words in what is added to a file from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self._seen = ""

    def has(self, words: str) -> bool:
        self._read()
        return words in self._seen

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                # The file was rolled if it is shorter than what has been read of it.
                if file.seek(0, 2) < self._position:
                    self._position = 0
                file.seek(self._position)
                added = file.read()
        except OSError:
            return
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
