"""`KeptFollower`: a follower whose positions a group keeps, without anybody being its member.

Kafka keeps an offset for each partition, with a text beside it. Who has a partition is decided
elsewhere; two who take themselves for that overwrite each other's, and each writes only what it
has done itself. A group that nobody writes to for `offsets.retention.minutes` (a week by default)
is forgotten, so whoever keeps something writes it again now and then.
"""

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from rescind.errors import BrokerUnavailableError
from rescind.kafka.clients.internals import discard_consumer
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
from rescind.kafka.reading.batches import read_any_batch
from rescind.kafka.reading.readers import TopicFollower

__all__ = ["KeptFollower", "kept_positions"]

_REQUEST_MS: Final = 10_000
_WAIT_SECONDS: Final = 30.0
_COORDINATOR_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 0.2
_KEEP_SECONDS: Final = 5.0


async def kept_positions(
    connection: Connection, group: str, topic: str
) -> dict[int, tuple[int, str]]:
    """The offset and the text that are kept for each partition; one that has none is left out.

    Raises `BrokerUnavailableError`.
    """
    end = time.monotonic() + _COORDINATOR_SECONDS
    found: Mapping[Any, Any] | None = None
    while found is None:
        try:
            found = await _asked(connection, group)
        except (KafkaError, TimeoutError) as error:
            # The first who asks a new cluster for any group has Kafka make the topic for it.
            if time.monotonic() > end:
                why = str(error) or "no answer"
                raise BrokerUnavailableError(connection.bootstrap, why) from error
            await asyncio.sleep(_AGAIN_SECONDS)
    return {
        int(place.partition): (int(at.offset), str(at.metadata or ""))
        for place, at in found.items()
        if place.topic == topic and at.offset >= 0
    }


async def _asked(connection: Connection, group: str) -> Mapping[Any, Any]:
    admin = AIOKafkaAdminClient(**connection.options(), request_timeout_ms=_REQUEST_MS)
    try:
        await admin.start()
        found: Mapping[Any, Any] = await admin.list_consumer_group_offsets(group)
        return found
    finally:
        await admin.close()


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
