"""The projection: what comes to the journal goes into the tables that serve, while it runs.

Any number of them may run on one database. One writes, which is decided anew by each batch, and
the others look on and go on when the journal does and the tables do not.
"""

import asyncio
import time
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from rescind.errors import (
    BrokerError,
    PositionMovedError,
    ReadModelError,
    UnreadableStateError,
)
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import ends
from rescind.server.readmodel.projecting.following import Following
from rescind.server.readmodel.standing import PartitionLag, lag_of, standings
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.threads import in_thread

__all__ = ["Projection"]

_PATIENCE_SECONDS: Final = 5.0
# A batch has a cost besides its entries: at 200 cancels a second the server takes 66 % of a core
# without this rest, and 56 % with it. Who is behind finds more in a batch, and does not rest.
_REST_SECONDS: Final = 0.05
_FEW: Final = 1_000
_BACKOFF_SECONDS: Final = (0.5, 10.0)

_log = structlog.get_logger(__name__)


class Projection:
    """Keeps the read model that serves up with the journal.

    Args:
        connection: where Kafka is.
        journal: the name of the topic.
        database: where the read models are; the caller's to close, after `run` has ended.
        patience_seconds: after so long without a step by whoever else writes, this one does.
        rest_seconds: after a small batch, for the next one to become larger.

    """

    def __init__(
        self,
        connection: Connection,
        journal: str,
        database: Database,
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        rest_seconds: float = _REST_SECONDS,
    ) -> None:
        self._connection = connection
        self._journal = journal
        self._database = database
        self._patience_seconds = patience_seconds
        self._rest_seconds = rest_seconds
        self._trouble = ""

    async def run(self) -> None:
        """Until it is cancelled. While Kafka or the database is away it waits, and says so once.

        What it raises of these it has logged, once for each: run again, it says nothing more until
        something else is wrong, or nothing.

        Raises:
            NewerSchemaError: a newer release has made the tables.
            OtherJournalError: the tables are further than this journal has ever been.
            UnreadableStateError: a newer release wrote a row.

        """
        backoff_seconds, backoff_max = _BACKOFF_SECONDS
        while True:
            try:
                try:
                    await self._follow(await in_thread(self._database.prepare))
                except PositionMovedError:
                    await self._look_on()
                backoff_seconds = _BACKOFF_SECONDS[0]
            except (BrokerError, OperationalError) as error:
                self._say(str(error))
                await asyncio.sleep(backoff_seconds)
                backoff_seconds = min(2 * backoff_seconds, backoff_max)
            except (ReadModelError, UnreadableStateError) as error:
                self._say_stuck(str(error))
                raise

    async def lag(self) -> dict[int, PartitionLag]:
        """How far each partition of the read model is behind, whoever writes it.

        Raises `BrokerUnavailableError` if nobody says where the journal ends, and
        `ReadModelMissingError` before anybody has begun.
        """
        known = await in_thread(self._database.ask, standings)
        last = await ends(self._connection, self._journal)
        return lag_of(known, last, round(time.time() * 1000))

    async def _follow(self, number: int) -> None:
        """Return when another read model has come to serve."""
        try:
            async with Following(
                self._connection, self._journal, self._database, number
            ) as following:
                while await self._is_serving(number):
                    written = await following.step()
                    self._say("")
                    if 0 < written < _FEW:
                        await asyncio.sleep(self._rest_seconds)
        except DBAPIError:
            # The tables of one that does not serve any more may be gone already.
            if await self._is_serving(number):
                raise

    async def _is_serving(self, number: int) -> bool:
        return number == await in_thread(self._database.serving)

    async def _look_on(self) -> None:
        """Another projection writes. Return when it has stopped though there is more to write."""
        _log.info("another projection writes to the read model; this one looks on")
        before = await in_thread(self._database.ask, standings)
        while True:
            await asyncio.sleep(self._patience_seconds)
            now = await in_thread(self._database.ask, standings)
            if now == before and any(lag.offsets for lag in (await self.lag()).values()):
                return
            before = now

    def _say(self, trouble: str) -> None:
        if trouble and not self._trouble:
            _log.warning("the read model waits", why=trouble)
        elif self._trouble and not trouble:
            _log.info("the read model goes on")
        self._trouble = trouble

    def _say_stuck(self, trouble: str) -> None:
        if trouble != self._trouble:
            _log.error("the journal is not projected", why=trouble)
        self._trouble = trouble
