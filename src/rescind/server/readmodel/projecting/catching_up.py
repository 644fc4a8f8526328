"""What releases without tables for bulk cancellations have passed over, folded from `events`.

That is everything before the upgrade, and, while servers of both releases run on one database,
whatever the older one writes: it moves the position and knows nothing of `bulks_upto`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select

from rescind.events.words import StreamKind
from rescind.kafka.records import Record
from rescind.server.readmodel.projecting.placed import Placed, place
from rescind.server.readmodel.projecting.taking_in import take_in
from rescind.server.readmodel.storage.tables import events, positions

__all__ = ["catch_up", "left_behind"]

_AT_ONCE: Final = 200
"""An event may tell of 500 flow runs."""


def left_behind(connection: Connection) -> dict[int, int]:
    """The partitions in which something was passed over, with where each is."""
    columns = positions.c
    behind = select(columns.partition, columns.next_offset).where(
        columns.bulks_upto < columns.next_offset
    )
    return {row.partition: row.next_offset for row in connection.execute(behind)}


def catch_up(connection: Connection, partition: int, since: int, upto: int) -> None:
    """Fold the events of bulk cancellations from one offset to before another one.

    Raises `UnreadableStateError` if a newer release wrote a row.
    """
    columns = events.c
    # All keys first, by an index that has them: of a large journal few events are of these.
    wanted = select(columns.offset).where(
        columns.stream_kind == StreamKind.BULK.value,
        columns.partition == partition,
        columns.offset >= since,
        columns.offset < upto,
    )
    offsets = sorted(connection.execute(wanted).scalars())
    for first in range(0, len(offsets), _AT_ONCE):
        some = offsets[first : first + _AT_ONCE]
        take_in(connection, list(_placed(connection, partition, some)), partition)


def _placed(connection: Connection, partition: int, offsets: Sequence[int]) -> Iterator[Placed]:
    columns = events.c
    rows = (
        select(columns.offset, columns.value)
        .where(columns.partition == partition, columns.offset.in_(offsets))
        .order_by(columns.offset)
    )
    for row in connection.execute(rows):
        yield place(Record("", partition, row.offset, 0, None, row.value, ()))
