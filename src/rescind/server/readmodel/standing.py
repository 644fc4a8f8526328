"""How far each read model has got, and how far that is behind the journal."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from rescind.server.readmodel.storage.tables import positions

__all__ = ["PartitionLag", "Standing", "begin_at", "lag_of", "standings"]


class Standing(NamedTuple):
    """Where one partition of the journal has been read to."""

    next_offset: int
    at_ms: int
    """The time of the last entry by the broker's clock; 0 before the first."""
    events: int


class PartitionLag(NamedTuple):
    """How far one partition of a read model is behind the journal."""

    offsets: int
    """Markers of transactions are among them: the events are somewhat fewer."""
    seconds: float
    """How old what it shows is; 0 when it shows everything."""


def standings(connection: Connection) -> dict[int, Standing]:
    """Where each partition has been read to."""
    columns = positions.c
    found = select(columns.partition, columns.next_offset, columns.at_ms, columns.events)
    return {row.partition: Standing(*row[1:]) for row in connection.execute(found)}


def begin_at(connection: Connection, firsts: Mapping[int, int]) -> None:
    """Let partitions that have no position yet begin there, in the caller's transaction."""
    known = standings(connection)
    rows = [
        {"partition": partition, "next_offset": first, "at_ms": 0, "events": 0, "bulks_upto": first}
        for partition, first in sorted(firsts.items())
        if partition not in known
    ]
    if rows:
        connection.execute(insert(positions), rows)


def lag_of(
    known: Mapping[int, Standing], ends: Mapping[int, int], now_ms: int
) -> dict[int, PartitionLag]:
    """The lag of each partition.

    Args:
        known: where the read model is.
        ends: where the partitions of the journal end, committed.
        now_ms: by a clock that agrees with the broker's.

    """
    lags: dict[int, PartitionLag] = {}
    for partition, end in ends.items():
        at = known.get(partition, Standing(0, 0, 0))
        offsets = max(0, end - at.next_offset)
        # Before the first entry, nobody knows how old what is missing is: as old as can be.
        seconds = max(0.0, (now_ms - at.at_ms) / 1000) if offsets else 0.0
        lags[partition] = PartitionLag(offsets, seconds)
    return lags
