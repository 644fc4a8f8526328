"""Records that are sent on: to the right partition, or to where operators look at them.

Bytes, key and headers stay as they were, so that a signature still fits and a record can be
asked again. What is said about them is said in headers.
"""

from dataclasses import dataclass
from typing import Final

from rescind.events.requests import REQUEST_ID_HEADER
from rescind.events.requests.sizes import headers_bytes
from rescind.kafka.records import UNPACKED_BYTES_MAX, Headers, OutRecord, Record, Unread
from rescind.kafka.topics import LANE_RECORD_BYTES_MAX

__all__ = ["TRUNCATED_HEADER", "DeadLetter", "dead_letter", "forwarded", "read_dead_letter"]

_CODE: Final = "rescind-code"
_WHY: Final = "rescind-why"
_POSITION: Final = "rescind-position"
TRUNCATED_HEADER = "rescind-truncated"
"""How many bytes a record had, or its batch, of which a dead letter is only the beginning."""

# The topic takes 64 KiB more, which is for what is said about the record. A producer may have
# compressed it: then it may be larger than anything that a lane takes.
_KEPT_BYTES_MAX: Final = LANE_RECORD_BYTES_MAX
_BESIDE_BYTES_MAX: Final = 64 << 10


def forwarded(record: Record, partition: int, request_id: str, stream_id: str) -> OutRecord:
    """The same record on the partition that serves its stream."""
    kept = tuple(header for header in record.headers if header[0] != REQUEST_ID_HEADER)
    headers = (*kept, (REQUEST_ID_HEADER, request_id.encode()))
    return OutRecord(record.topic, stream_id.encode(), record.value, headers, partition)


def dead_letter(record: Record, topic: str, partition: int, code: str, why: str) -> OutRecord:
    """The record as it was read, with the reason and where it lay.

    Of a larger one than the topic takes the beginning, with its whole size. Of one that was not
    read, what there is of its batch.
    """
    position = f"{record.topic}-{record.partition}-{record.offset}"
    said = [
        (_CODE, code.encode()),
        (_WHY, why[:2_000].encode()),
        (_POSITION, position.encode()),
    ]
    key, value, headers = record.key, record.value, record.headers
    if isinstance(value, Unread):
        said.append((TRUNCATED_HEADER, f"more than {UNPACKED_BYTES_MAX}".encode()))
    elif record.size_bytes > _KEPT_BYTES_MAX:
        key, value, headers = _beginning(record)
        said.append((TRUNCATED_HEADER, str(record.size_bytes).encode()))
    # What it came with under these names is no word of ours.
    kept = (header for header in headers if header[0] != TRUNCATED_HEADER)
    return OutRecord(topic, key, value, (*kept, *said), partition)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is said about a record that became one; ``headers`` are those that it came with.

    ``topic``, ``partition`` and ``offset`` are where it lay. ``bytes_of_all`` is told only of one
    that is no more than the beginning: how many bytes it had, as far as is known.
    """

    code: str
    why: str
    topic: str
    partition: int
    offset: int
    headers: Headers
    bytes_of_all: str | None = None


def read_dead_letter(record: Record) -> DeadLetter | None:
    """Read what `dead_letter` has written; ``None`` if somebody else did."""
    kept = list(record.headers)
    said: dict[str, str] = {}
    # Ours are the last: the same names may stand before them, as somebody's who wanted them read.
    for name in (TRUNCATED_HEADER, _POSITION, _WHY, _CODE):
        if kept and kept[-1][0] == name:
            said[name] = kept.pop()[1].decode(errors="replace")
    topic, _, place = said.get(_POSITION, "").rpartition("-")
    topic, _, partition = topic.rpartition("-")
    if not (topic and partition.isdecimal() and place.isdecimal() and {_CODE, _WHY} <= said.keys()):
        return None
    return DeadLetter(
        said[_CODE],
        said[_WHY],
        topic,
        int(partition),
        int(place),
        tuple(kept),
        said.get(TRUNCATED_HEADER),
    )


def _beginning(record: Record) -> tuple[bytes | None, bytes | None, Headers]:
    """Key and headers if they are small, and as much of the value as has room beside them."""
    key, headers = record.key, record.headers
    beside = len(key or b"") + headers_bytes(headers)
    if beside > _BESIDE_BYTES_MAX:
        key, headers = (key or b"")[:_BESIDE_BYTES_MAX], ()
        beside = len(key)
    return key, (record.value or b"")[: _KEPT_BYTES_MAX - beside], headers
