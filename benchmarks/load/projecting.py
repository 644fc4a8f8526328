"""What the benchmark of the projection measures, in its own process: BOOTSTRAP, JOURNAL, URL."""

import asyncio
import gc
import json
import sys
import time

from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import ends
from rescind.processors.app import COLLECTOR_THRESHOLDS
from rescind.server.readmodel.projecting.following import Following
from rescind.server.readmodel.standing import standings
from rescind.server.readmodel.storage.database import Database


async def project(bootstrap: str, journal: str, url: str) -> None:
    """Read the journal to its end, and say how many events that were and how long it took."""
    connection, database = Connection(bootstrap), Database(url)
    number = database.prepare()
    upto = await ends(connection, journal)
    async with Following(connection, journal, database, number) as following:
        began = time.perf_counter()
        await following.reach(upto)
        seconds = time.perf_counter() - began
    events = sum(at.events for at in database.ask(standings).values())
    database.close()
    print(json.dumps({"events": events, "seconds": seconds}))


if __name__ == "__main__":
    # As the processes of the service have it.
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    asyncio.run(project(*sys.argv[1:]))
