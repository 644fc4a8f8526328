"""Headers of a record that carries a CloudEvent in binary mode, CloudEvents 1.0.

The value holds everything; the headers repeat what a router needs without parsing it.
"""

from functools import lru_cache

from rescind.events.journal.entry import Entry
from rescind.events.words import moment_to_text

__all__ = ["Header", "entry_headers", "headers"]

Header = tuple[str, bytes]

_FIXED: tuple[Header, ...] = (
    ("ce_specversion", b"1.0"),
    ("content-type", b"application/json"),
)


@lru_cache(maxsize=4096)  # A batch says the same few types and moments many times.
def _said_often(event_type: str, source: str, at_ms: int) -> tuple[Header, ...]:
    return (
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", moment_to_text(at_ms).encode()),
    )


def headers(event_id: str, event_type: str, at_ms: int, source: str, subject: str) -> list[Header]:
    """The ``ce_*`` headers of one record.

    Args:
        event_id: unique within the source.
        event_type: as ``flow.cancelling.v1``.
        at_ms: milliseconds since 1970, by the broker's clock.
        source: a URI reference, as ``/rescind/3`` for partition 3.
        subject: what it is about: a run, or a runner.

    """
    return [
        *_FIXED,
        ("ce_id", event_id.encode()),
        *_said_often(event_type, source, at_ms),
        ("ce_subject", subject.encode()),
    ]


def entry_headers(entry: Entry, partition: int) -> list[Header]:
    """The headers of a journal record."""
    subject = entry.stream_id
    if entry.task_run_id is not None:
        subject = f"{subject}/{entry.task_run_id}"
    return headers(entry.id, entry.event.type, entry.at_ms, f"/rescind/{partition}", subject)
