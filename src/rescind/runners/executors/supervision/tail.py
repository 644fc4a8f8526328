"""The last bytes of a stream that may be endless."""

from collections import deque

__all__ = ["Tail"]


class Tail:
    """Keeps at least the last `bytes_max` bytes, never more than a chunk above."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._total = 0

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._total += len(chunk)
        while self._chunks and self._size - len(self._chunks[0]) >= self._bytes_max:
            self._size -= len(self._chunks.popleft())

    @property
    def is_cut(self) -> bool:
        return self._total > self._bytes_max

    def kept(self) -> bytes:
        return b"".join(self._chunks)[-self._bytes_max :] if self._bytes_max else b""
