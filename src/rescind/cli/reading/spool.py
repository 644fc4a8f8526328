"""`Spool`: all of what comes in any order, changes, and stops to fit again; in order at the end.

For lists of everything: one reading of the topic, however long the list is. What is read waits in a
file without a name, which is gone with the process; in memory are only keys and places.
"""

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rescind.cli.reading.window import Place

__all__ = ["Spool"]


class Spool:
    """What fits, from a place on. A context manager."""

    def __init__(self, begin: Place | None) -> None:
        self._begin = begin
        self._kept: dict[bytes, tuple[Place, int, int]] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the exit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def put(self, key: bytes, place: Place, value: bytes) -> None:
        """This fits now."""
        if self._begin is not None and place < self._begin:
            # The same key may have had another life, with a place of its own.
            self.drop(key)
            return
        self._kept[key] = place, self._file.tell(), len(value)
        self._file.write(value)

    def drop(self, key: bytes) -> None:
        """What has this key does not fit any more."""
        self._kept.pop(key, None)

    def values(self) -> Iterator[bytes]:
        """What fits, in its order; nothing can be put any more."""
        for _, begin, size in sorted(self._kept.values()):
            self._file.seek(begin)
            yield self._file.read(size)
