"""Records that are sent on: to the right partition, or to where operators look at them.

Bytes, key and headers stay as they were, so that a signature still fits and a record can be
asked again. What is said about them is said in headers.
"""

from typing import Final

from rescind.events.refusals import Code
from rescind.events.requests import REQUEST_ID_HEADER
from rescind.events.requests.sizes import headers_bytes
from rescind.kafka.records import UNPACKED_BYTES_MAX, Headers, OutRecord, Record, Unread
from rescind.kafka.topics import LANE_RECORD_BYTES_MAX

__all__ = ["TRUNCATED_HEADER", "dead_letter", "forwarded"]

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


def dead_letter(record: Record, topic: str, partition: int, code: Code, why: str) -> OutRecord:
    """The record as it was read, with the reason and where it lay.

    Of a larger one than the topic takes the beginning, with its whole size. Of one that was not
    read, what there is of its batch.
    """
    position = f"{record.topic}-{record.partition}-{record.offset}"
    said = [
        ("rescind-code", code.value.encode()),
        ("rescind-why", why[:2_000].encode()),
        ("rescind-position", position.encode()),
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


def _beginning(record: Record) -> tuple[bytes | None, bytes | None, Headers]:
    """Key and headers if they are small, and as much of the value as has room beside them."""
    key, headers = record.key, record.headers
    beside = len(key or b"") + headers_bytes(headers)
    if beside > _BESIDE_BYTES_MAX:
        key, headers = (key or b"")[:_BESIDE_BYTES_MAX], ()
        beside = len(key)
    return key, (record.value or b"")[: _KEPT_BYTES_MAX - beside], headers
