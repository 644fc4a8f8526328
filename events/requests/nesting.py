"""How deep the brackets of some JSON go, found without parsing it.

A parser that recurses has to be kept from what is too deep for it before it sees it. Every
record with a list passes through here, so the work is done by a few passes in C (a loop over
the bytes of 500 items took 1 ms, this takes 0.2). What is not JSON at all may give any answer:
the parser says so afterwards.
"""

from typing import Final

__all__ = ["NESTING_MAX", "nests_too_deep"]

NESTING_MAX: Final = 32

_TO_PARENTHESES: Final = bytes.maketrans(b"{[]}", b"(())")
_ALL_BUT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"{[]}")


def nests_too_deep(value: bytes) -> bool:
    """Whether objects and lists lie in each other more than `NESTING_MAX` deep."""
    # Two counts decide for nearly every record without a long list.
    if value.count(b"{") + value.count(b"[") <= NESTING_MAX:
        return False
    brackets = _without_strings(value).translate(_TO_PARENTHESES, _ALL_BUT_BRACKETS)
    for _ in range(NESTING_MAX):
        # Each round takes the innermost pairs away, and so one level everywhere.
        shorter = brackets.replace(b"()", b"")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return b"()" in brackets


def _without_strings(value: bytes) -> bytes:
    if b"\\" in value:
        # Pairs first: what is then left before a quote does escape it.
        value = value.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(value.split(b'"')[::2])
