"""What a traceparent says, as W3C Trace Context has it. A malformed one says nothing.

    00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
       trace                            span             flags, of which 01 is "sampled"

It is whatever a stranger has written into a request, so nothing here raises. A later version may
say more, of any length: none of that is carried on, as the standard has it.
"""

import re
from typing import Final, NamedTuple

__all__ = ["Parent", "is_sampled", "known", "read", "trace_id_of", "written"]

_SHAPE: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})"
    r"-(?!0{32})(?P<trace>[0-9a-f]{32})"
    r"-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?",
    re.ASCII,
)
_SAMPLED: Final = 1


class Parent(NamedTuple):
    """The span that a traceparent names."""

    trace_id: int
    span_id: int
    flags: int


def read(traceparent: str | None) -> Parent | None:
    """The span that it names; None: it is none, or malformed."""
    found = None if traceparent is None else _SHAPE.fullmatch(traceparent)
    # Later versions may say more behind the four fields, and this one may not.
    if found is None or (found["version"] == "00" and found["more"] is not None):
        return None
    return Parent(int(found["trace"], 16), int(found["span"], 16), int(found["flags"], 16))


def known(traceparent: str | None) -> str | None:
    """As much of it as may be carried on: 55 characters of version 00; None: it names no span."""
    parent = read(traceparent)
    return None if parent is None else written(*parent)


def is_sampled(traceparent: str | None) -> bool:
    """Whether somebody keeps this trace, so that spans of it are worth making."""
    parent = read(traceparent)
    return parent is not None and bool(parent.flags & _SAMPLED)


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace's id in hex, as logs and every tool for traces have it."""
    parent = read(traceparent)
    return None if parent is None else f"{parent.trace_id:032x}"


def written(trace_id: int, span_id: int, flags: int) -> str:
    """The traceparent of a span."""
    return f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}"
