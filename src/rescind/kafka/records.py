"""Records as this project sees them: what came, and what is to be written.

Tuples with names: one is made for each record read and written, tens of thousands a second.
aiokafka's own types do not leave this room.
"""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Headers", "OutRecord", "Record", "Sent"]

Headers = Sequence[tuple[str, bytes]]


class Record(NamedTuple):
    """One record that was read. ``timestamp_ms`` is the broker's where the topic says so."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> bytes | None:
        """Return the first header of that name; a name may come more than once."""
        for found, value in self.headers:
            if found == name:
                return value
        return None


class OutRecord(NamedTuple):
    """One record to be written. ``partition`` None: chosen by the key, as Java would.

    A value of None with a key is a tombstone; one of the two has to be there.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class Sent(NamedTuple):
    """Where a record is, and the time of the broker or of the sender, as the topic says."""

    partition: int
    offset: int
    timestamp_ms: int
