"""Builds a read model anew, beside the one that serves, and lets it serve when it is as far.

While the last few events are read the old one is held where it is, so that no reader ever sees
less than before. It is gone afterwards; whoever projected into it goes on with the new one.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import select

from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import ends
from rescind.server.readmodel.projecting.following import Following
from rescind.server.readmodel.standing import standings
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.storage.tables import positions
from rescind.server.readmodel.threads import in_thread

__all__ = ["rebuild"]


async def rebuild(connection: Connection, journal: str, database: Database) -> int:
    """Return the number of the read model that serves then.

    Interrupted, it leaves the old one as it was; the next rebuild begins from the journal's start.
    Raises what `Following` does.
    """
    before = await in_thread(database.prepare)
    number = await in_thread(database.begin_another)
    async with Following(connection, journal, database, number) as following:
        await following.reach(await ends(connection, journal))
        # What has come meanwhile, so that the old one is held for a moment only.
        await following.reach(await ends(connection, journal))
        async with _held(database, before) as upto:
            await following.reach(upto)
            await in_thread(database.switch, number)
    await in_thread(database.drop_retired)
    return number


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
