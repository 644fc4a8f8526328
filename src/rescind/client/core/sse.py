"""Server-sent events as the standard has them, from bytes as they come.

Lines end by CR, LF or both, and by nothing else. `str.splitlines`, by which httpx takes lines
apart, also ends them at U+2028 and U+0085, which a reason in the journal may well have in it.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["Message", "Messages"]

_WAITING_BYTES_MAX: Final = 16 << 20


class Message(NamedTuple):
    """One message: its data, empty if it has none, and the last id that was said up to it."""

    data: str
    id: str


class Messages:
    """Takes one stream apart. What stands at its end without an empty line after it is none.

    ``last_id`` is what was said before, on an earlier connection.
    """

    def __init__(self, last_id: str = "") -> None:
        self._rest = b""
        self._data: list[str] = []
        self._id = last_id
        self._has_id = False

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Raises `ValueError` if it is no such stream."""
        self._rest += chunk
        # A CR at the end may be the first half of a line's end.
        *lines, self._rest = _lines(self._rest)
        if len(self._rest) + sum(map(len, self._data)) > _WAITING_BYTES_MAX:
            raise ValueError(f"expected messages of at most {_WAITING_BYTES_MAX} bytes")
        for line in lines:
            if line:
                self._note(line.decode(errors="replace"))
            elif self._data or self._has_id:
                yield Message("\n".join(self._data), self._id)
                self._data, self._has_id = [], False

    def _note(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id, self._has_id = value, True


def _lines(text: bytes) -> list[bytes]:
    """Whole lines, and what has no end yet as the last."""
    held = b""
    if text.endswith(b"\r"):
        text, held = text[:-1], b"\r"
    *lines, rest = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return [*lines, rest + held]
