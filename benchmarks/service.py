"""A lifecycle to measure: topics of its own, a worker in a process of its own."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.load.preload import preload
from benchmarks.load.requests import Requests
from benchmarks.place import SIGNING_KEY, Place, started
from benchmarks.progress import Progress
from rescind.events.requests import Lane
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames, create_topics, topic_specs

__all__ = ["PARTITIONS", "Service", "serve", "topics_of_its_own"]

PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Service:
    """The topics and what is known of the worker; `worker` runs one."""

    place: Place
    names: TopicNames
    progress: Progress
    requests: Requests
    environment: dict[str, str]

    @property
    def connection(self) -> Connection:
        return self.place.connection

    @contextlib.contextmanager
    def worker(self) -> Iterator[int]:
        """A worker on all partitions for the time of the ``with``; its process id."""
        with started("benchmarks.worker", environment=self.environment) as program:
            self.progress.check = program.check
            try:
                yield program.pid
            finally:
                self.progress.check = lambda: None

    async def load(self, lane: Lane, records: Iterable[OutRecord]) -> dict[int, int]:
        """Put records into a lane; where it ends then, by partition."""
        await preload(self.connection, records)
        return await self.end_of(lane)

    async def end_of(self, lane: Lane) -> dict[int, int]:
        names = self.names
        return await ends(
            self.connection, names.start_requests if lane == "start" else names.stop_requests
        )

    async def settle(self, records: Iterable[OutRecord], seconds: float = 120) -> None:
        """Put records into the start lane and wait until all of them are decided."""
        await self.progress.until("start", await self.load("start", records), seconds)


@contextlib.asynccontextmanager
async def topics_of_its_own(
    place: Place, partitions: int = PARTITIONS
) -> AsyncIterator[TopicNames]:
    """Every topic under a prefix that nobody else has; removed afterwards."""
    names = TopicNames(f"bench-{secrets.token_hex(4)}.")
    made = await create_topics(
        place.connection, topic_specs(names), partitions=partitions, replicas=None
    )
    try:
        yield names
    finally:
        admin = AIOKafkaAdminClient(**place.connection.options())
        await admin.start()
        try:
            await admin.delete_topics(made)
        finally:
            await admin.close()


@contextlib.asynccontextmanager
async def serve(place: Place, name: str) -> AsyncIterator[Service]:
    """A service without a worker yet. `name` makes its ids other ones than another's."""
    async with topics_of_its_own(place) as names, Progress(place.connection, names) as progress:
        environment = {
            "RESCIND_BOOTSTRAP": place.connection.bootstrap,
            "RESCIND_TOPIC_PREFIX": names.prefix,
            "RESCIND_SIGNING_KEYS": SIGNING_KEY,
            "RESCIND_INSTANCE_ID": f"worker-{names.prefix[:-1]}",
        }
        requests = Requests(names, PARTITIONS, place.random(name))
        yield Service(place, names, progress, requests, environment)
