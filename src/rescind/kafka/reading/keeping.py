"""`KeptFollower`: a follower whose positions a group keeps, without anybody being its member.

Kafka keeps an offset for each partition, with a text beside it. Who has a partition is decided
elsewhere; two who take themselves for that overwrite each other's, and each writes only what it
has done itself. A group that nobody writes to for `offsets.retention.minutes` (a week by default)
is forgotten, so whoever keeps something writes it again now and then.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from rescind.errors import BrokerUnavailableError
from rescind.kafka.clients.internals import ask_committed, discard_consumer
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
from rescind.kafka.reading.batches import read_any_batch
from rescind.kafka.reading.readers import TopicFollower

__all__ = ["KeptFollower", "found_in", "kept_positions"]

_REQUEST_MS: Final = 10_000
_WAIT_SECONDS: Final = 30.0
_COORDINATOR_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 0.2
_KEEP_SECONDS: Final = 5.0


async def kept_positions(
    connection: Connection, group: str, topic: str, partitions: Iterable[int]
) -> dict[int, tuple[int, str]]:
    """The offset and the text that are kept for each of these; one that has none is left out.

    A coordinator that cannot say it is asked again: to take that for "none" would lose what is
    kept. Raises `BrokerUnavailableError`.
    """
    end = time.monotonic() + _COORDINATOR_SECONDS
    wanted = sorted(partitions)
    while True:
        try:
            return found_in(await _asked(connection, group, topic, wanted), topic, wanted)
        except (KafkaError, TimeoutError) as error:
            # The first who asks a new cluster for any group has Kafka make the topic for it.
            if time.monotonic() > end:
                why = str(error) or "no answer"
                raise BrokerUnavailableError(connection.bootstrap, why) from error
            await asyncio.sleep(_AGAIN_SECONDS)


async def _asked(connection: Connection, group: str, topic: str, partitions: Sequence[int]) -> Any:
    admin = AIOKafkaAdminClient(**connection.options(), request_timeout_ms=_REQUEST_MS)
    try:
        await admin.start()
        return await ask_committed(admin, group, topic, partitions)
    finally:
        await admin.close()


def found_in(answer: Any, topic: str, partitions: Iterable[int]) -> dict[int, tuple[int, str]]:
    """What an answer says of these. Only an offset of -1 means that nothing was ever kept.

    Raises `KafkaError`: it says that it cannot say, or says nothing of one of them.
    """
    if answer.error_code:
        raise for_code(answer.error_code)
    said: dict[int, tuple[int, str]] = {}
    for name, places in answer.topics:
        for partition, offset, text, code in places:
            if code:
                raise for_code(code)
            if name == topic:
                said[int(partition)] = (int(offset), str(text or ""))
    if unsaid := set(partitions) - said.keys():
        raise KafkaError(f"nothing was said of the partitions {sorted(unsaid)}")
    return {partition: kept for partition, kept in said.items() if kept[0] >= 0}


class KeptFollower(TopicFollower):
    """An async context manager, as `TopicFollower`; ``group`` keeps what `keep` is given."""

    def __init__(
        self, connection: Connection, group: str, topic: str, positions: Mapping[int, int]
    ) -> None:
        super().__init__(connection, topic, positions)
        self._group = group

    async def __aenter__(self) -> Self:
        connection = self._connection

        def make() -> AIOKafkaConsumer:
            return AIOKafkaConsumer(
                **connection.options(),
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                request_timeout_ms=_REQUEST_MS,
                retry_backoff_ms=50,
            )

        read_any_batch()
        self.use(await started(make, discard_consumer, connection, _WAIT_SECONDS))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def keep(self, positions: Mapping[int, tuple[int, str]]) -> None:
        """Have these kept. Raises `BrokerUnavailableError`, within seconds."""
        places = {TopicPartition(self.topic, p): kept for p, kept in positions.items()}
        try:
            # The client tries for as long as the broker is away.
            async with asyncio.timeout(_KEEP_SECONDS):
                await self._open().commit(places)
        except (KafkaError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise BrokerUnavailableError(self._connection.bootstrap, why) from error
