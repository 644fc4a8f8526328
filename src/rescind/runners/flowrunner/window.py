"""How many attempts a runner asks leave for at once.

Leave takes a while to come (a transaction and its way, some 15 ms), and nothing begins without it.
So more is asked for than can run: the next is there when one ends. But what is granted counts as
running, also where it has not begun, and the rest of what was submitted is nobody's yet and can be
swept at once. So no more is asked for than it takes: twice as many as can run at once; and where
they end faster than leave comes, as many as end meanwhile. With two threads and task runs that do
nothing, 12 ms each became 4.
"""

import asyncio
import math
from typing import Final

__all__ = ["Window"]

_AHEAD: Final = 2
_AHEAD_MAX: Final = 32
_WEIGHT: Final = 0.2
_RAN_SECONDS_MIN: Final = 0.0001


class Window:
    """Places, one for each attempt from the moment it is asked for until it has ended.

    Used in the event loop's thread alone. `capacity`: how many can run at once.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = self._wanted = capacity * _AHEAD
        self._places = asyncio.Semaphore(self._size)
        self._granted_seconds: float | None = None
        self._ran_seconds: float | None = None

    @property
    def size(self) -> int:
        """How many places there are to be."""
        return self._wanted

    async def acquire(self) -> None:
        """Wait for a place; first come, first served."""
        await self._places.acquire()

    def release(self) -> None:
        """Give a place back. One that is not wanted any more goes with it."""
        if self._size > self._wanted:
            self._size -= 1
        else:
            self._places.release()

    def granted_after(self, seconds: float) -> None:
        """Leave came after so long."""
        self._granted_seconds = _mean(self._granted_seconds, seconds)

    def ran_for(self, seconds: float) -> None:
        """An attempt has ended, so long after it began."""
        self._ran_seconds = _mean(self._ran_seconds, max(seconds, _RAN_SECONDS_MIN))
        if self._granted_seconds is None:
            return
        meanwhile = self._granted_seconds / self._ran_seconds
        ahead = min(max(1 + meanwhile, _AHEAD), _AHEAD_MAX)
        self._wanted = math.ceil(self._capacity * ahead)
        while self._size < self._wanted:
            self._size += 1
            self._places.release()


def _mean(known: float | None, new: float) -> float:
    """What the last few were like."""
    return new if known is None else known + _WEIGHT * (new - known)
