"""`Window`: the first so many of what comes in any order, changes, and stops to fit again.

For lists of a topic that is read from its beginning: no more is kept than a page or two, however
many runs there are. What had to be let go has a place, and everything before that is here; the rest
is found by reading once more from there.
"""

from typing import NamedTuple

__all__ = ["Place", "Window"]


class Place(NamedTuple):
    """Where a flow run is in a list: the latest registration first. It never changes."""

    minus_registered_ms: int
    flow_run_id: str

    def next(self) -> "Place":
        """The place right after this one."""
        return Place(self.minus_registered_ms, f"{self.flow_run_id}\0")


class Window:
    """What fits, from a place on, by its key.

    Attributes:
        end: everything before this place is here that fits; None: everything is.

    """

    def __init__(self, size: int, begin: Place | None) -> None:
        self.end: Place | None = None
        self._begin = begin
        self._size = size
        self._values: dict[bytes, tuple[Place, bytes]] = {}

    def put(self, key: bytes, place: Place, value: bytes) -> None:
        """This fits now."""
        if (self._begin is not None and place < self._begin) or (
            self.end is not None and place >= self.end
        ):
            # The same key may have had another life, with a place of its own.
            self.drop(key)
            return
        self._values[key] = place, value
        if len(self._values) > 2 * self._size:
            self._let_go()

    def drop(self, key: bytes) -> None:
        """What has this key does not fit any more."""
        self._values.pop(key, None)

    def values(self) -> list[bytes]:
        """What fits, in its order."""
        return [value for _, value in sorted(self._values.values())]

    def _let_go(self) -> None:
        kept = sorted(self._values.items(), key=lambda item: item[1][0])
        self.end = kept[self._size][1][0]
        self._values = dict(kept[: self._size])
