"""Records that are sent on: to the right partition, or to where operators look at them.

Bytes, key and headers stay as they were, so that a signature still fits and a record can be
asked again. What is said about them is said in headers.
"""

from rescind.events.refusals import Code
from rescind.kafka.records import OutRecord, Record

__all__ = ["REQUEST_ID_HEADER", "dead_letter", "forwarded"]

REQUEST_ID_HEADER = "rescind-request-id"
"""The id of a forwarded request that named none: the position where it first lay."""


def forwarded(record: Record, partition: int, request_id: str, stream_id: str) -> OutRecord:
    """The same record on the partition that serves its stream."""
    kept = tuple(header for header in record.headers if header[0] != REQUEST_ID_HEADER)
    headers = (*kept, (REQUEST_ID_HEADER, request_id.encode()))
    return OutRecord(record.topic, stream_id.encode(), record.value, headers, partition)


def dead_letter(record: Record, topic: str, partition: int, code: Code, why: str) -> OutRecord:
    """The record as it was read, with the reason and where it lay."""
    position = f"{record.topic}-{record.partition}-{record.offset}"
    said = (
        ("rescind-code", code.value.encode()),
        ("rescind-why", why[:2_000].encode()),
        ("rescind-position", position.encode()),
    )
    return OutRecord(topic, record.key, record.value, (*record.headers, *said), partition)
