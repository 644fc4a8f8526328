"""Builds a read model anew, beside the one that serves, and lets it serve when it is as far.

While the last few events are read the old one is held where it is, so that no reader ever sees
less than before. It is gone afterwards; whoever projected into it goes on with the new one.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from rescind.errors import RebuildOvertakenError
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import ends
from rescind.server.readmodel.projecting.following import Following
from rescind.server.readmodel.standing import standings
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.storage.tables import positions
from rescind.server.readmodel.threads import in_thread

__all__ = ["Progress", "rebuild"]


class Progress(NamedTuple):
    """How far a read model is that is being built."""

    number: int
    positions: Mapping[int, int]
    ends: Mapping[int, int]
    """Where the partitions of the journal ended when they were looked at last."""


def _say_nothing(_progress: Progress) -> None:
    """Nobody wants to know."""


async def rebuild(
    connection: Connection,
    journal: str,
    database: Database,
    tell: Callable[[Progress], None] = _say_nothing,
) -> int:
    """Return the number of the read model that serves then; ``tell`` is told how it goes on.

    Interrupted or failed, it leaves the old one as it was and takes its own away, unless that
    serves already. Killed, it leaves both, until the next rebuild: that begins from the start.
    Raises what `Following` and `begin_another` do, and `RebuildOvertakenError`.
    """
    number, before = await in_thread(database.begin_another)
    try:
        await _build(connection, journal, database, before, number, tell)
    except BaseException as error:
        was_ours = await _give_up(database, number)
        if isinstance(error, DBAPIError) and not was_ours:
            raise RebuildOvertakenError(number) from error
        raise
    await in_thread(database.drop_retired)
    return number


async def _give_up(database: Database, number: int) -> bool:
    try:
        return await in_thread(database.give_up, number)
    except DBAPIError:
        # Why it failed, most likely. The next rebuild takes it away.
        return True


async def _build(
    connection: Connection,
    journal: str,
    database: Database,
    before: int,
    number: int,
    tell: Callable[[Progress], None],
) -> None:
    async with Following(connection, journal, database, number) as following:

        async def read_on() -> None:
            last = await ends(connection, journal)
            tell(Progress(number, following.positions, last))
            await following.reach(last, lambda: tell(Progress(number, following.positions, last)))

        await read_on()
        # What has come meanwhile, so that the old one is held for a moment only.
        await read_on()
        async with _held(database, before) as upto:
            last = await ends(connection, journal)
            # The old one may be of another journal, and then be further than this one ever was.
            await following.reach({n: min(end, upto.get(n, end)) for n, end in last.items()})
            await in_thread(database.switch, number)


@asynccontextmanager
async def _held(database: Database, number: int) -> AsyncIterator[Mapping[int, int]]:
    """Nobody moves this read model on: where it is."""
    connection = await in_thread(database.writing(number).connect)
    try:
        yield await in_thread(_hold, connection)
    finally:
        await in_thread(connection.close)


def _hold(connection: DatabaseConnection) -> dict[int, int]:
    # With SQLite the transaction has the lock from its beginning.
    connection.execute(select(positions.c.partition).with_for_update()).all()
    return {partition: at.next_offset for partition, at in standings(connection).items()}
