"""A process in the middle of a transaction: ``DATABASE_URL SEED STEPS``.

It says so, and stays for as long as its input is open.
"""

import sys

from rescind.server.readmodel.projecting.batches import Part, write
from rescind.server.readmodel.projecting.placed import place
from rescind.server.readmodel.storage.database import Database
from tests.contract.readmodel.tables import STEP, records_of
from tests.model.driver import live


def main(url: str, seed: str, steps: str) -> None:
    records = records_of(entry.to_json() for entry in live(int(seed), int(steps)).world.journal)
    database = Database(url)
    with database.writing(database.serving()).begin() as connection:
        write(connection, [Part(0, 0, records[-1].offset + STEP, list(map(place, records)))])
        print("written, and not committed", flush=True)  # noqa: T201 - this is what is waited for
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
