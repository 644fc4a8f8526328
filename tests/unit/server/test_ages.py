"""Answers say how old what they show may be, also while nobody can ask Kafka what is missing."""

import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from rescind.server.api.ageing import BEHIND_HEADER
from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.server.readmodel.standing import begin_at
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.storage.tables import positions
from rescind.settings import Settings, load_settings
from tests.waiting import until

DAY_SECONDS = 86_400


@pytest.fixture
def of_yesterday(tmp_path: Path) -> Settings:
    """Of a server without Kafka, whose read model has an event of yesterday as its newest one."""
    url = f"sqlite:///{tmp_path / 'read-model.db'}"
    database = Database(url)
    with database.writing(database.prepare()).begin() as connection:
        begin_at(connection, {0: 0, 1: 0})
        at_ms = round((time.time() - DAY_SECONDS) * 1000)
        connection.execute(
            update(positions).where(positions.c.partition == 0).values(next_offset=7, at_ms=at_ms)
        )
    database.close()
    return load_settings(
        bootstrap="127.0.0.1:1", signing_keys="a signing key of the tests", database_url=url
    )


async def test_without_kafka_since_the_start_it_is_as_old_as_the_newest_event(
    of_yesterday: Settings,
) -> None:
    means = Means(of_yesterday)
    transport = httpx.ASGITransport(make_app(means))
    async with means, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def age() -> int:
            answer = await client.get("/api/v1/flow-runs")
            return int(answer.headers.get(BEHIND_HEADER, 0))

        async def is_said() -> bool:
            return await age() >= DAY_SECONDS

        await until(is_said)
        assert means.no_kafka
        assert await age() < DAY_SECONDS + 600
