"""So many a second and no more, in parts of about a quarter of a second."""

import math
from typing import Final

__all__ = ["CHUNK_MAX", "Pace"]

CHUNK_MAX: Final = 500
CHUNK_SECONDS: Final = 0.25


class Pace:
    """When the next part may go, by a clock in seconds that only goes forward.

    Attributes:
        chunk: how many may go at once.

    """

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second
        self._next = 0.0
        wanted = CHUNK_MAX if per_second is None else math.ceil(per_second * CHUNK_SECONDS)
        self.chunk = min(wanted, CHUNK_MAX)

    def wait_seconds(self, count: int, now: float) -> float:
        """How long so many have to wait that want to go now; they are taken to go then."""
        if self._per_second is None:
            return 0.0
        begins = max(self._next, now)
        self._next = begins + count / self._per_second
        return begins - now
