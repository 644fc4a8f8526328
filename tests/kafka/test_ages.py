"""How old reads say they are when Kafka goes away under a server that has read everything."""

from pathlib import Path

import httpx

from rescind.kafka.connection import Connection
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.server.api.ageing import BEHIND_HEADER
from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.settings import load_settings
from tests.broker import formatted_broker
from tests.waiting import until


async def test_what_was_complete_gets_older_while_nobody_can_say_what_has_come_since(
    tmp_path: Path,
) -> None:
    async with formatted_broker(tmp_path) as broker:
        connection, names = Connection(broker.bootstrap), TopicNames("t.")
        await create_topics(connection, topic_specs(names), partitions=1, replicas=1)
        means = Means(
            load_settings(
                bootstrap=broker.bootstrap,
                topic_prefix=names.prefix,
                signing_keys="a signing key of the tests",
                database_url=f"sqlite:///{tmp_path / 'read-model.db'}",
            )
        )
        transport = httpx.ASGITransport(make_app(means))
        async with means, httpx.AsyncClient(transport=transport, base_url="http://here") as client:

            async def age() -> int:
                return int((await client.get("/health/live")).headers.get(BEHIND_HEADER, 0))

            async def is_old() -> bool:
                return await age() >= 8

            await until(lambda: means.lag is not None and not means.no_kafka)
            assert await age() == 0
            broker.kill()

            await until(is_old)
            assert means.no_kafka
            assert await age() < 90
