"""How large a record is, which may have next to no value and a megabyte of headers."""

from collections.abc import Iterable
from typing import Final

__all__ = ["headers_bytes"]

_LENGTHS_BYTES: Final = 8


def headers_bytes(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """At least what these take in a record: a million empty ones are two megabytes."""
    return sum(
        len(name.encode()) + len(content or b"") + _LENGTHS_BYTES for name, content in headers
    )
