"""One request and what came of it, without I/O."""

from collections.abc import Generator, Mapping
from typing import NamedTuple, TypeAlias, TypeVar

__all__ = ["Call", "Doing", "NoReply", "Reply"]

T = TypeVar("T")


class Call(NamedTuple):
    """A request, and how long to wait before it is sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    after_seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Reply(NamedTuple):
    """What has answered; the names of headers are in small letters."""

    where: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(NamedTuple):
    """Nothing has answered, or not all of the answer has come."""

    where: str
    why: str


Doing: TypeAlias = Generator[Call, Reply | NoReply, T]
"""Yields each call, is sent what came of it, and returns what was wanted."""
