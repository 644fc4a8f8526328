"""What has ended and is too much for a partition: whose clock strikes before its time.

Flow runs and runners that are gone are forgotten by a clock. Where a partition keeps more of them
than it should, the clocks of the oldest are set forward, a few at a time: their requests must not
keep waiting what ends running work. The lifecycle has the last word, and counts for itself.
"""

import heapq
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

__all__ = ["Surplus"]

_Key = TypeVar("_Key")

AT_ONCE_MAX: Final = 250


class Surplus(Generic[_Key]):
    """The clocks that forget what has ended of one kind, and those set forward among them."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._due_ms: dict[_Key, int] = {}
        self._oldest: list[tuple[int, _Key]] = []
        self._forward: set[_Key] = set()

    def put(self, key: _Key, due_ms: int | None) -> None:
        """Its clock is set so; None: it was forgotten, or must not be."""
        if due_ms is None:
            self._due_ms.pop(key, None)
            self._forward.discard(key)
        elif self._due_ms.get(key) != due_ms:
            self._due_ms[key] = due_ms
            heapq.heappush(self._oldest, (due_ms, key))

    def set_forward(self) -> Iterator[tuple[_Key, int]]:
        """Those that strike at once from now on, with when they would have been due; each once."""
        while len(self._forward) < min(self._surplus, AT_ONCE_MAX) and self._oldest:
            due_ms, key = heapq.heappop(self._oldest)
            if self._due_ms.get(key) == due_ms and key not in self._forward:
                self._forward.add(key)
                yield key, due_ms

    def is_too_much(self, key: _Key) -> bool:
        """Whether one that was set forward still has to go; if not, it waits for its time."""
        if self._surplus > 0 or key not in self._forward:
            return True
        self._forward.discard(key)
        heapq.heappush(self._oldest, (self._due_ms[key], key))
        return False

    @property
    def _surplus(self) -> int:
        return len(self._due_ms) - self._kept_max
