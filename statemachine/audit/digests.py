"""Many values of which nothing is asked any more but whether one is among them: 8 bytes each.

A journal has far more runs that have ended than fit into memory.
"""

import hashlib
from array import array
from bisect import bisect_left

__all__ = ["Digests"]


class Digests:
    """A set of values that can be asked about, but not read."""

    __slots__ = ("_digests", "_is_sorted")

    def __init__(self) -> None:
        self._digests = array("Q")
        self._is_sorted = True

    def add(self, value: bytes) -> None:
        """Put one in."""
        self._digests.append(_digest(value))
        self._is_sorted = False

    def __contains__(self, value: bytes) -> bool:
        if not self._is_sorted:
            self._digests = array("Q", sorted(self._digests))
            self._is_sorted = True
        digest = _digest(value)
        place = bisect_left(self._digests, digest)
        return place < len(self._digests) and self._digests[place] == digest


def _digest(value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest())
