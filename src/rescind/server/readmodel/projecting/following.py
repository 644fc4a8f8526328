"""One stay of a projection on one read model: from where that is, batch by batch.

What was read is written with the positions behind it, past the markers of transactions too, so
that nothing seems to be missing when nothing is. Should another projection have been quicker,
nothing is written, and the stay is over: another one begins where the tables are then.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy.exc import IntegrityError

from rescind.errors import OtherJournalError
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import starts
from rescind.kafka.records import Record
from rescind.server.readmodel.projecting.batches import Part, write
from rescind.server.readmodel.projecting.catching_up import left_behind
from rescind.server.readmodel.projecting.placed import gone, place
from rescind.server.readmodel.standing import begin_at, standings
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.threads import in_thread

__all__ = ["Following"]

_FETCH_BYTES_MAX: Final = 4 << 20
_RECORDS_MAX: Final = 16_000


def _nothing() -> None:
    """Nobody wants to know."""


class Following:
    """The journal's way into one read model. An async context manager.

    Raises:
        BrokerError: the journal cannot be read.
        OtherJournalError: the read model is further than this journal has ever been.
        PositionMovedError: another projection writes there.
        sqlalchemy.exc.DBAPIError: the database cannot be used.

    """

    def __init__(
        self, connection: Connection, journal: str, database: Database, number: int
    ) -> None:
        self._connection = connection
        self._journal = journal
        self._engine = database.writing(number)
        self._tables: DatabaseConnection | None = None
        self._positions: dict[int, int] = {}
        self._follower: TopicFollower | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._enter()
        except BaseException:
            await self._leave()
            raise
        return self

    async def _enter(self) -> None:
        firsts = await starts(self._connection, self._journal)
        # One for the whole stay: what the database keeps in memory for it is kept.
        tables = await in_thread(self._connect)
        try:
            self._positions = await in_thread(self._begin, tables, firsts)
        except IntegrityError:
            # Another projection began in the same moment: what it has put there is there now.
            self._positions = await in_thread(self._begin, tables, firsts)
        follower = TopicFollower(
            self._connection, self._journal, self._positions, fetch_bytes_max=_FETCH_BYTES_MAX
        )
        self._follower = await follower.__aenter__()
        for partition, end in (await follower.ends()).items():
            if self._positions[partition] > end:
                raise OtherJournalError(partition, self._positions[partition], end)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        follower, self._follower = self._follower, None
        tables, self._tables = self._tables, None
        if follower is not None:
            await follower.close()
        if tables is not None:
            await in_thread(tables.close)

    async def step(self, *, timeout_seconds: float = 1.0) -> int:
        """Write what comes within that time, a batch at most; how many records it was."""
        follower, tables = self._follower, self._tables
        assert follower is not None, "not entered"
        assert tables is not None, "not entered"
        records = await follower.fetch(max_records=_RECORDS_MAX, timeout_seconds=timeout_seconds)
        upto = {partition: await follower.position(partition) for partition in self._positions}
        if upto != self._positions:
            await in_thread(self._write, tables, records, upto)
            self._positions = upto
        return len(records)

    @property
    def positions(self) -> Mapping[int, int]:
        """What is read next, of each partition."""
        return self._positions

    async def reach(self, upto: Mapping[int, int], tell: Callable[[], None] = _nothing) -> None:
        """Go on until each partition is there; ``tell`` is called after each step."""
        while any(self._positions[partition] < offset for partition, offset in upto.items()):
            # Short: the last thing in a partition is a marker, for which no record comes.
            await self.step(timeout_seconds=0.02)
            tell()

    def _connect(self) -> DatabaseConnection:
        # Kept by the thread: who is cancelled while it connects has one to close.
        self._tables = self._engine.connect()
        return self._tables

    def _begin(self, tables: DatabaseConnection, firsts: Mapping[int, int]) -> dict[int, int]:
        with tables.begin():
            begin_at(tables, firsts)
            known = {partition: at.next_offset for partition, at in standings(tables).items()}
            lost = [
                Part(partition, since, first, [gone(self._journal, partition, since, first)])
                for partition, first in firsts.items()
                if (since := known[partition]) < first
            ]
            # Nothing to write but what an earlier release has passed over.
            behind = [Part(partition, at, at) for partition, at in left_behind(tables).items()]
            write(tables, behind)
            write(tables, lost)
            return known | {part.partition: part.upto for part in lost}

    def _write(
        self, tables: DatabaseConnection, records: Sequence[Record], upto: Mapping[int, int]
    ) -> None:
        of_partition: defaultdict[int, list[Record]] = defaultdict(list)
        for record in records:
            of_partition[record.partition].append(record)
        parts = [
            Part(partition, since, upto[partition], list(map(place, of_partition[partition])))
            for partition, since in self._positions.items()
            if upto[partition] != since
        ]
        with tables.begin():
            write(tables, parts)
