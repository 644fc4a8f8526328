"""A process that projects until somebody ends it: ``BOOTSTRAP JOURNAL DATABASE_URL``."""

import asyncio
import sys

from rescind.kafka.connection import Connection
from rescind.server.readmodel.projection import Projection
from rescind.server.readmodel.storage.database import Database


async def main(bootstrap: str, journal: str, url: str) -> None:
    database = Database(url)
    await Projection(Connection(bootstrap), journal, database, patience_seconds=0.2).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
