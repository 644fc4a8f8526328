"""A batch of the journal into the tables: the position and the rows in one transaction.

The position moves first, by compare-and-swap. Of two projections on one read model the second one
waits there for the first one's transaction, and then finds that it comes too late: it has read
nothing yet that could be old, and has written nothing.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from rescind.errors import PositionMovedError
from rescind.server.readmodel.projecting.catching_up import catch_up
from rescind.server.readmodel.projecting.placed import Placed, event_row
from rescind.server.readmodel.projecting.taking_in import take_in
from rescind.server.readmodel.storage.many import run_many
from rescind.server.readmodel.storage.tables import events, positions

__all__ = ["Part", "write"]

_new_events: Final = insert(events)


class Part(NamedTuple):
    """What was read of one partition: from one offset of the journal to before another one."""

    partition: int
    since: int
    upto: int
    placed: Sequence[Placed] = ()


def write(connection: Connection, parts: Sequence[Part]) -> None:
    """Move the tables on by what was read, in the caller's transaction.

    Raises:
        PositionMovedError: they are not where a part begins: roll back.
        UnreadableStateError: a newer release wrote a row.

    """
    # In the same order everywhere, or two of these would wait for each other.
    for part in sorted(parts, key=lambda part: part.partition):
        before = _move(connection, part)
        if before.bulks_upto < part.since:
            catch_up(connection, part.partition, before.bulks_upto, part.since)
        if part.placed:
            _write_part(connection, part, before.at_ms)


def _move(connection: Connection, part: Part) -> Row[Any]:
    """Compare and swap; returns the time of the entry before, and up to where bulks were folded."""
    this = positions.c.partition == part.partition
    before = connection.execute(
        select(positions.c.at_ms, positions.c.bulks_upto).where(this)
    ).one_or_none()
    if before is None:
        raise PositionMovedError(part.partition, part.since)
    values: dict[str, Any] = {
        "next_offset": part.upto,
        "events": positions.c.events + len(part.placed),
        "bulks_upto": part.upto,
    }
    if entries := [one.entry for one in part.placed if one.entry is not None]:
        values["at_ms"] = entries[-1].at_ms
    there = positions.c.next_offset == part.since, positions.c.bulks_upto == before.bulks_upto
    moved = connection.execute(update(positions).where(this, *there).values(values))
    if moved.rowcount != 1:
        raise PositionMovedError(part.partition, part.since)
    return before


def _write_part(connection: Connection, part: Part, at_ms: int) -> None:
    rows: list[dict[str, Any]] = []
    for one in take_in(connection, part.placed, part.partition):
        rows.append(event_row(one, at_ms))
        at_ms = rows[-1]["at_ms"]
    run_many(connection, _new_events, rows)
