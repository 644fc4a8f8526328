"""What keeps a server from projecting is said in one line, once; a bug is said with its stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs
from structlog.typing import EventDict

from rescind.server.api import means
from rescind.server.api.means import Means
from rescind.server.readmodel.projection import Projection
from rescind.server.readmodel.standing import begin_at
from rescind.server.readmodel.storage.tables import positions
from rescind.settings import load_settings
from tests.conftest import Cluster
from tests.contract.readmodel.tables import Reader
from tests.kafka.processors.service import KEY
from tests.waiting import until

SAID = "the journal is not projected"
GOES_ON = "the read model goes on"


class Tried(Projection):
    """A projection that counts how often it was tried."""

    times = 0

    async def run(self) -> None:
        Tried.times += 1
        await super().run()


@asynccontextmanager
async def serving(
    cluster: Cluster, url: str, monkeypatch: pytest.MonkeyPatch, kind: type[Projection] = Tried
) -> AsyncIterator[list[EventDict]]:
    """What a server logs that projects into this database, with little patience."""
    monkeypatch.setattr(means, "_LOOK_SECONDS", 0.5)
    monkeypatch.setattr(means, "Projection", kind)
    given = {"bootstrap": cluster.bootstrap, "topic_prefix": cluster.names.prefix}
    settings = load_settings(**given, signing_keys=KEY, database_url=url, access="open")
    with capture_logs() as said:
        async with Means(settings):
            yield said


def complaints(said: list[EventDict]) -> list[EventDict]:
    return [line for line in said if line["event"] == SAID]


async def tries(count: int) -> None:
    """So many more, the last of which may be under way."""
    enough = Tried.times + count
    await until(lambda: Tried.times > enough, within_seconds=60)


def stand_at(model: Reader, offset: int) -> None:
    """As if so much of partition 0 had been read."""
    with model.database.writing(model.database.prepare()).begin() as connection:
        begin_at(connection, {0: offset, 1: 0})
        connection.execute(update(positions).where(positions.c.partition == 0),
                           {"next_offset": offset, "bulks_upto": offset})  # fmt: skip


async def test_another_journal_is_said_once_with_what_to_do_and_again_when_it_changes(
    cluster: Cluster, model: Reader, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_at(model, 1_000)
    async with serving(cluster, database_url, monkeypatch) as said:
        await tries(3)
        (line,) = complaints(said)
        stand_at(model, 2_000)
        await until(lambda: len(complaints(said)) > 1, within_seconds=60)
        await tries(3)

    assert "exc_info" not in line
    assert line["log_level"] == "error"
    assert "at offset 1000" in line["why"]
    assert "`rescind read-model rebuild`" in line["why"]
    assert [one["why"] for one in complaints(said)] == [
        line["why"],
        line["why"].replace("offset 1000", "offset 2000"),
    ]


async def test_that_it_was_mended_is_said_too(
    cluster: Cluster, model: Reader, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_at(model, 1_000)
    async with serving(cluster, database_url, monkeypatch) as said:
        await tries(1)
        stand_at(model, 0)
        await until(lambda: any(one["event"] == GOES_ON for one in said), within_seconds=60)

    assert len(complaints(said)) == 1


async def test_a_bug_is_said_with_its_stack(
    cluster: Cluster, model: Reader, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Buggy(Tried):
        async def run(self) -> None:
            Tried.times += 1
            raise ValueError("a bug")

    model.database.prepare()
    async with serving(cluster, database_url, monkeypatch, Buggy) as said:
        await until(lambda: bool(complaints(said)), within_seconds=60)

    assert complaints(said)[0]["exc_info"]
