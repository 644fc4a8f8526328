"""Topics of a test's own, for as long as it lasts.

Deleted afterwards: what a broker has to say of all its topics costs each client that asks.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient

from rescind.kafka.connection import Connection
from rescind.kafka.topics import TopicNames, create_topics, topic_specs

__all__ = ["topics_made"]


@asynccontextmanager
async def topics_made(
    connection: Connection, names: TopicNames, partitions: int
) -> AsyncIterator[None]:
    """Every topic under these names, as ``rescind topics create`` makes them."""
    made = await create_topics(connection, topic_specs(names), partitions=partitions, replicas=1)
    try:
        yield
    finally:
        admin = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap)
        await admin.start()
        await admin.delete_topics(made)
        await admin.close()
