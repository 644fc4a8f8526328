"""Whether the headers of a record say the same as its value.

A stranger's record needs no headers. Those of a CloudEvent, if they are there, are what routers
go by, so one that says something else than the value would be routed as one thing and done as
another. Headers that are no business of a CloudEvent are not looked at.
"""

from typing import Protocol

__all__ = ["disagreement"]


class _Named(Protocol):
    @property
    def type(self) -> str: ...
    @property
    def stream_id(self) -> str: ...
    @property
    def request_id(self) -> str | None: ...


def disagreement(request: _Named, name: str, content: bytes | None) -> str | None:
    """What is wrong with one header, in a sentence; None when nothing is."""
    match name:
        case "ce_specversion":
            expected = "1.0"
        case "ce_type":
            expected = request.type
        case "ce_subject":
            expected = request.stream_id
        case "ce_id" if request.request_id is not None:
            expected = request.request_id
        case "content-type":
            return _objection_to_content_type(content)
        case _:
            return None
    if content == expected.encode():
        return None
    return f"expected {expected!r} as in the value, but the header has something else"


def _objection_to_content_type(content: bytes | None) -> str | None:
    media_type = (content or b"").partition(b";")[0].strip().lower()
    if media_type == b"application/json":
        return None
    return "expected 'application/json', but the header has something else"
