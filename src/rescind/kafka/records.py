"""Records as this project sees them: what came, and what is to be written.

Tuples with names: one is made for each record read and written, tens of thousands a second.
aiokafka's own types do not leave this room.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rescind.events.requests.sizes import headers_bytes

__all__ = ["UNPACKED_BYTES_MAX", "Headers", "OutRecord", "Record", "Sent", "Unread"]

Headers = Sequence[tuple[str, bytes]]

UNPACKED_BYTES_MAX: Final = 32 << 20
"""Of one batch, as readers here unpack what a producer has packed."""


class Unread(bytes):
    """A value that was not read: its batch is larger than `UNPACKED_BYTES_MAX`.

    What there is of it is the beginning of the batch, which may be nothing.
    """

    __slots__ = ()


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

    @property
    def size_bytes(self) -> int:
        """At least what the record takes by itself in a batch, but for thirty bytes."""
        size = len(self.key or b"") + len(self.value or b"")
        return size + headers_bytes(self.headers) if self.headers else size


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
