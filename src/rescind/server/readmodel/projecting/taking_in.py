"""Records of one partition folded above what the tables know, and the rows of that stored."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.folding import Fold, stretches
from rescind.server.readmodel.projecting.known import known_of
from rescind.server.readmodel.projecting.placed import Placed, Stream
from rescind.server.readmodel.projecting.storing import store
from rescind.server.readmodel.storage.tables import halted

__all__ = ["take_in"]


def take_in(connection: Connection, placed: Sequence[Placed], partition: int) -> list[Placed]:
    """The same records, with an error where one could be read and not folded.

    Raises `UnreadableStateError` if a newer release wrote a row.
    """
    standing = _halted(connection, partition)
    seen: list[Placed] = []
    for stretch in stretches(placed):
        entries = [one.entry for one in stretch if one.entry is not None]
        fold = Fold(known_of(connection, entries, partition), standing)
        seen += fold.see(stretch)
        store(connection, fold, partition)
        standing = fold.halted
    return seen


def _halted(connection: Connection, partition: int) -> set[Stream]:
    columns = halted.c
    standing = select(columns.stream_kind, columns.stream_id).where(columns.partition == partition)
    return {
        (StreamKind(row.stream_kind), row.stream_id, partition)
        for row in connection.execute(standing)
    }
