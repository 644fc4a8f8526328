"""The database of the read models, for as long as a command takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from rescind.cli.session import Session
from rescind.server.readmodel.storage.database import Database, answered, open_database

__all__ = ["database_of"]


@asynccontextmanager
async def database_of(session: Session) -> AsyncGenerator[Database]:
    """The one that the settings name, and in which somebody has made a read model.

    Raises `SettingsError`, `DatabaseUnavailableError`, and `ReadModelMissingError`: an empty one
    where no server looks would help nobody.
    """
    database = open_database(session.settings)
    try:
        with answered():
            await asyncio.to_thread(database.serving)
            yield database
    finally:
        await asyncio.to_thread(database.close)
