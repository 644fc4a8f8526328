"""A journal on a real Kafka, written as the lifecycle writes it: by transactions, with markers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rescind.kafka.records import OutRecord
from rescind.kafka.writing.transactions import TransactionalProducer
from rescind.statemachine.draft import Draft
from tests.conftest import Cluster
from tests.model.driver import live

__all__ = ["JournalWriter", "a_life", "writing"]


class JournalWriter:
    """Writes entries to one partition of a journal, some to a transaction."""

    def __init__(self, producer: TransactionalProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def write(self, values: Sequence[bytes], *, each: int = 20) -> None:
        """All of them, so many to a transaction."""
        for first in range(0, len(values), each):
            some = values[first : first + each]
            await self._producer.transact(OutRecord(self._topic, b"key", value) for value in some)


@asynccontextmanager
async def writing(cluster: Cluster, partition: int = 0) -> AsyncIterator[JournalWriter]:
    """The only writer of this partition."""
    name = f"{cluster.names.prefix}writer-{partition}"
    async with TransactionalProducer(cluster.connection, name, partition) as producer:
        yield JournalWriter(producer, cluster.names.journal)


def a_life(seed: int, steps: int) -> tuple[list[bytes], Draft]:
    """What a service would write in the life of this seed, and the fold of it."""
    shell = live(seed, steps)
    return [entry.to_json() for entry in shell.world.journal], shell.fold
