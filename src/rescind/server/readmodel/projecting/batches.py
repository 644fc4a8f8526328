"""A batch of the journal into the tables: the position and the rows in one transaction.

The position moves first, by compare-and-swap. Of two projections on one read model the second one
waits there for the first one's transaction, and then finds that it comes too late: it has read
nothing yet that could be old, and has written nothing.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from rescind.errors import PositionMovedError
from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.folding import Fold, stretches
from rescind.server.readmodel.projecting.known import known_of
from rescind.server.readmodel.projecting.placed import Placed, Stream, event_row
from rescind.server.readmodel.projecting.storing import store
from rescind.server.readmodel.storage.many import run_many
from rescind.server.readmodel.storage.tables import events, halted, positions

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
        at_ms = _move(connection, part)
        if part.placed:
            _write_part(connection, part, at_ms)


def _move(connection: Connection, part: Part) -> int:
    """Compare and swap; returns the time of the entry before."""
    values: dict[str, Any] = {
        "next_offset": part.upto,
        "events": positions.c.events + len(part.placed),
    }
    if entries := [one.entry for one in part.placed if one.entry is not None]:
        values["at_ms"] = entries[-1].at_ms
    this = positions.c.partition == part.partition
    before = connection.execute(select(positions.c.at_ms).where(this)).scalar_one_or_none()
    moved = connection.execute(
        update(positions).where(this, positions.c.next_offset == part.since).values(values)
    )
    if moved.rowcount != 1:
        raise PositionMovedError(part.partition, part.since)
    return before or 0


def _write_part(connection: Connection, part: Part, at_ms: int) -> None:
    standing = _halted(connection, part.partition)
    rows: list[dict[str, Any]] = []
    for stretch in stretches(part.placed):
        entries = [one.entry for one in stretch if one.entry is not None]
        fold = Fold(known_of(connection, entries, part.partition), standing)
        for one in fold.see(stretch):
            rows.append(event_row(one, at_ms))
            at_ms = rows[-1]["at_ms"]
        store(connection, fold, part.partition)
        standing = fold.halted
    run_many(connection, _new_events, rows)


def _halted(connection: Connection, partition: int) -> set[Stream]:
    columns = halted.c
    standing = select(columns.stream_kind, columns.stream_id).where(columns.partition == partition)
    return {
        (StreamKind(row.stream_kind), row.stream_id, partition)
        for row in connection.execute(standing)
    }
