"""A read model that is built anew beside the one that serves, on a real Kafka."""

import asyncio

import pytest

from rescind.errors import RebuildOvertakenError
from rescind.server.readmodel.rebuilding import Progress, rebuild
from rescind.server.readmodel.standing import begin_at
from rescind.server.readmodel.storage.database import Another
from tests.conftest import Cluster
from tests.contract.readmodel.tables import Reader, check_equal
from tests.kafka.readmodel.conftest import Projecting
from tests.kafka.readmodel.journal import a_life, writing
from tests.kafka.readmodel.test_projection import SEED, is_there, written
from tests.waiting import until


async def test_built_anew_while_others_read_and_write_nobody_ever_sees_less(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    journal, fold = a_life(SEED, 300)
    half = len(journal) // 2
    seen: list[int] = []
    async with writing(cluster) as writer, projecting(model):
        await writer.write(journal[:half])
        await until(lambda: is_there(model, half))
        reading = asyncio.create_task(look_all_the_time(model, seen))
        going_on = asyncio.create_task(writer.write(journal[half:], each=1))

        number = await rebuild(cluster.connection, cluster.names.journal, model.database)

        await going_on
        await until(lambda: is_there(model, len(journal)))
        reading.cancel()

    assert number == model.database.serving() == 2
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    check_equal(model, fold)


async def look_all_the_time(model: Reader, seen: list[int]) -> None:
    while True:
        seen.append(await asyncio.to_thread(written, model))


async def test_a_rebuild_that_fails_leaves_the_old_one_and_nothing_else(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    journal, fold = a_life(SEED, 60)
    async with writing(cluster) as writer, projecting(model):
        await writer.write(journal)
        await until(lambda: is_there(model, len(journal)))
    told: list[Progress] = []

    def fail_on_the_way(progress: Progress) -> None:
        told.append(progress)
        if progress.positions[0] == progress.ends[0]:
            raise RuntimeError("as a machine may")

    with pytest.raises(RuntimeError, match="as a machine may"):
        await rebuild(cluster.connection, cluster.names.journal, model.database, fail_on_the_way)

    assert told[0].positions == {0: 0, 1: 0}
    assert [(one.number, one.state) for one in model.database.models()] == [(1, "serving")]
    check_equal(model, fold)


async def test_of_two_rebuilds_the_first_says_that_the_other_goes_on(
    cluster: Cluster, model: Reader
) -> None:
    journal, _ = a_life(SEED, 60)
    model.database.prepare()
    async with writing(cluster) as writer:
        await writer.write(journal)
    others: list[int] = []

    def another_begins(_: Progress) -> None:
        if not others:
            others.append(model.database.begin_another().number)

    with pytest.raises(RebuildOvertakenError, match="another rebuild, which goes on"):
        await rebuild(cluster.connection, cluster.names.journal, model.database, another_begins)

    states = [(one.number, one.state) for one in model.database.models()]
    assert states == [(1, "serving"), (others[0], "building")]


async def test_where_another_rebuild_comes_to_serve_at_its_beginning_that_one_is_held(
    cluster: Cluster, model: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that served before is dropped then, and nobody could hold it."""
    journal, fold = a_life(SEED, 60)
    database = model.database
    database.prepare()
    async with writing(cluster) as writer:
        await writer.write(journal)
    begin = database.begin_another

    def begin_late() -> Another:
        database.switch(begin().number)
        database.drop_retired()
        return begin()

    monkeypatch.setattr(database, "begin_another", begin_late)

    assert await rebuild(cluster.connection, cluster.names.journal, database) == 3

    check_equal(model, fold)


async def test_a_read_model_of_another_journal_is_replaced_by_one_of_this(
    cluster: Cluster, model: Reader
) -> None:
    journal, fold = a_life(SEED, 60)
    number = model.database.prepare()
    with model.database.writing(number).begin() as connection:
        begin_at(connection, {0: 100_000, 1: 0, 2: 50})
    async with writing(cluster) as writer:
        await writer.write(journal)

    assert await rebuild(cluster.connection, cluster.names.journal, model.database) == 2

    check_equal(model, fold)
