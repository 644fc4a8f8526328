"""Where in the journal somebody has got to: for each partition the offset of what comes next.

Written as ``0:17,1:3``, which is the id of an event that is sent, and so what a client that has
lost its connection says in ``Last-Event-ID``.
"""

import re
from collections.abc import Mapping
from typing import Final

from rescind.kafka.partitions import partition_of
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["CHARACTERS_MAX", "partition_in", "read_positions", "write_positions"]

CHARACTERS_MAX: Final = 30_000
"""Of a vector of all the partitions that a topic may have."""

_VECTOR: Final = re.compile(r"[0-9]{1,6}:[0-9]{1,18}(,[0-9]{1,6}:[0-9]{1,18})*")


def partition_in(positions: Mapping[int, int], stream_id: str) -> int:
    """Which of all the partitions has a stream."""
    return partition_of(stream_id, len(positions))


def write_positions(positions: Mapping[int, int]) -> str:
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(positions.items()))


def read_positions(text: str, partitions: int) -> dict[int, int]:
    """Raises `ProblemError` if it is no position in a journal of so many partitions."""
    if len(text) > CHARACTERS_MAX or not _VECTOR.fullmatch(text):
        raise _none()
    pairs = [pair.split(":") for pair in text.split(",")]
    found = {int(partition): int(offset) for partition, offset in pairs}
    if max(found) >= partitions:
        raise _none()
    return found


def _none() -> ProblemError:
    return ProblemError(
        Kind.POSITION,
        "expected the id of an event that was sent, such as 0:17,1:3, but it is none; "
        "leave it out, and what comes from now on is sent",
    )
