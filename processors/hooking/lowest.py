"""`Lowest`: keys that each have a number, and which has the lowest, however many there are."""

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Final, Generic, TypeVar

__all__ = ["Lowest"]

_GONE_MAX: Final = 64

K = TypeVar("K", bound=Hashable)


class Lowest(Generic[K]):
    """A heap from which a key is dropped by leaving it where it is, until it is the first."""

    def __init__(self) -> None:
        self._numbers: dict[K, int] = {}
        self._heap: list[tuple[int, int, K]] = []
        # Of the same number the earlier one is first, and keys are never compared.
        self._turn = count()

    def put(self, key: K, number: int) -> None:
        """Have it with this number, instead of the one that it had."""
        if self._numbers.get(key) == number:
            return
        self._numbers[key] = number
        heapq.heappush(self._heap, (number, next(self._turn), key))
        self._tidy()

    def drop(self, key: K) -> bool:
        """Have it no more; whether it was there."""
        was_there = self._numbers.pop(key, None) is not None
        self._tidy()
        return was_there

    def first(self) -> tuple[int, K] | None:
        """The lowest number and its key."""
        while self._heap:
            number, _, key = self._heap[0]
            if self._numbers.get(key) == number:
                return number, key
            heapq.heappop(self._heap)
        return None

    def __iter__(self) -> Iterator[K]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _tidy(self) -> None:
        """What was dropped must not fill the memory until its turn comes, which may be in days."""
        if len(self._heap) <= 2 * len(self._numbers) + _GONE_MAX:
            return
        self._heap = [(number, next(self._turn), key) for key, number in self._numbers.items()]
        heapq.heapify(self._heap)
