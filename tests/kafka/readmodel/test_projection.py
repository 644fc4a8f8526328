"""The projection on a real Kafka: it keeps up, it survives, and one of them writes."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Iterator
from random import Random

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from rescind.errors import OtherJournalError, ReadModelMissingError
from rescind.kafka.reading.visits import ends
from rescind.server.readmodel.projection import Projection
from rescind.server.readmodel.standing import begin_at, standings
from rescind.server.readmodel.storage.tables import events
from tests.conftest import Cluster
from tests.contract.readmodel.tables import Reader, check_equal, reader
from tests.kafka.readmodel.conftest import Projecting
from tests.kafka.readmodel.journal import a_life, writing
from tests.postgresql import PostgresqlServer, start_postgresql
from tests.waiting import until

SEED = 21


def is_there(model: Reader, count: int) -> bool:
    """Whether so many events of all partitions have been written."""
    try:
        known = model.database.ask(standings)
    except ReadModelMissingError:
        return False
    return sum(at.events for at in known.values()) == count


async def test_what_is_in_the_journal_and_what_comes_is_in_the_tables(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    journal, fold = a_life(SEED, 100)
    half = len(journal) // 2
    async with writing(cluster) as writer:
        await writer.write(journal[:half])
        async with projecting(model):
            await writer.write(journal[half:])
            await until(lambda: is_there(model, len(journal)))

    check_equal(model, fold)
    assert [row.value for row in model.rows(events)] == journal


async def test_when_everything_is_there_nothing_is_behind(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    """Though the last thing in a partition is a marker, for which no record comes."""
    journal, _ = a_life(SEED, 40)
    async with writing(cluster) as writer, projecting(model) as projection:
        await writer.write(journal)
        await until(lambda: is_there(model, len(journal)))

        async def nothing_is_behind() -> bool:
            return all(lag == (0, 0.0) for lag in (await projection.lag()).values())

        await until(nothing_is_behind)


async def test_what_comes_one_by_one_is_written_together(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    """Each entry has a transaction of Kafka of its own, and not one of the database."""
    journal, fold = a_life(SEED, 100)

    async with writing(cluster) as writer, projecting(model, rest_seconds=5):
        with batches() as written:
            await writer.write(journal, each=1)
            await until(lambda: is_there(model, len(journal)))

    assert 0 < len(written) < len(journal) / 5
    check_equal(model, fold)


@contextlib.contextmanager
def batches() -> Iterator[list[str]]:
    """What moves the position of a read model while this is open, a statement for each batch."""
    written: list[str] = []

    def look(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("UPDATE positions"):
            written.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield written
    finally:
        event.remove(Engine, "before_cursor_execute", look)


async def test_how_far_it_is_behind_is_said(cluster: Cluster, model: Reader) -> None:
    journal, _ = a_life(SEED, 40)
    model.database.prepare()
    async with writing(cluster) as writer:
        await writer.write(journal)
    projection = Projection(cluster.connection, cluster.names.journal, model.database)

    lag = await projection.lag()

    assert lag[0].offsets >= len(journal)
    assert lag[0].seconds > 0
    assert lag[1] == (0, 0.0)


async def test_a_read_model_of_another_journal_is_left_alone(
    cluster: Cluster, model: Reader
) -> None:
    number = model.database.prepare()
    with model.database.writing(number).begin() as connection:
        begin_at(connection, {0: 1_000, 1: 0})
    projection = Projection(cluster.connection, cluster.names.journal, model.database)

    with pytest.raises(OtherJournalError, match="ends at 0"):
        await projection.run()


async def test_what_the_journal_does_not_keep_any_more_is_told_and_passed(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    journal, _ = a_life(SEED, 60)
    topic = cluster.names.journal
    async with writing(cluster) as writer:
        await writer.write(journal)
        end = (await ends(cluster.connection, topic))[0]
        await forget_before(cluster, TopicPartition(topic, 0), end)
        number = model.database.prepare()
        with model.database.writing(number).begin() as connection:
            begin_at(connection, {0: 0, 1: 0})
        async with projecting(model):
            await writer.write(journal[:1])
            await until(lambda: is_there(model, 2))

    lost, kept = model.rows(events)
    assert lost.error == (
        f"the journal does not keep its records from offset 0 to before {end} any more"
    )
    assert kept.value == journal[0]


async def forget_before(cluster: Cluster, partition: TopicPartition, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({partition: RecordsToDelete(offset)})
    finally:
        await admin.close()


async def test_while_the_database_is_away_it_waits(
    cluster: Cluster, postgresql: PostgresqlServer, projecting: Projecting
) -> None:
    journal, fold = a_life(SEED, 60)
    half = len(journal) // 2
    # One of its own: others of this session use the one that is there.
    server = start_postgresql(postgresql.binaries)
    try:
        with reader(server.url()) as model:
            async with writing(cluster) as writer, projecting(model):
                await writer.write(journal[:half])
                await until(lambda: is_there(model, half))
                server.halt()
                await writer.write(journal[half:])
                server.start()
                await until(lambda: written(model) == len(journal))
            check_equal(model, fold)
    finally:
        server.remove()


@pytest.mark.slow
async def test_killed_at_any_moment_it_neither_loses_nor_doubles(
    cluster: Cluster, model: Reader, database_url: str
) -> None:
    chance = Random(SEED)
    journal, fold = a_life(SEED, 300)
    async with writing(cluster) as writer:
        for first in range(0, len(journal), 60):
            process = await start_projecting(cluster, database_url)
            await writer.write(journal[first : first + 60], each=3)
            # As soon as it has written so many of them, which is in the middle of others.
            enough = first + chance.randrange(60)
            await kill_at(process, model, enough)
        process = await start_projecting(cluster, database_url)
        await kill_at(process, model, len(journal))

    check_equal(model, fold)
    assert [row.value for row in model.rows(events)] == journal


async def kill_at(process: Process, model: Reader, count: int) -> None:
    await until(lambda: written(model) >= count or process.returncode is not None)
    assert process.returncode is None
    process.kill()
    await process.wait()


async def start_projecting(cluster: Cluster, url: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kafka.readmodel.projecting"),
        *(cluster.bootstrap, cluster.names.journal, url),
        stdout=DEVNULL,
    )


def written(model: Reader) -> int:
    try:
        return sum(at.events for at in model.database.ask(standings).values())
    except (ReadModelMissingError, DBAPIError):
        return -1


async def test_of_two_projections_one_writes_and_the_other_goes_on_after_it(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    journal, fold = a_life(SEED, 200)
    half = len(journal) // 2
    async with writing(cluster) as writer, projecting(model):
        async with projecting(model):
            await writer.write(journal[:half], each=2)
            await until(lambda: is_there(model, half))
        await writer.write(journal[half:], each=2)
        await until(lambda: is_there(model, len(journal)))

    check_equal(model, fold)
    assert [row.value for row in model.rows(events)] == journal


async def test_of_two_projections_that_begin_in_the_same_moment_neither_fails(
    cluster: Cluster, model: Reader, projecting: Projecting
) -> None:
    journal, fold = a_life(SEED, 20)
    number = model.database.prepare()
    with model.database.writing(number).connect() as other:
        beginning = other.begin()
        begin_at(other, {0: 0, 1: 0})
        async with writing(cluster) as writer, projecting(model):
            await until(lambda: model.database.ask(somebody_waits))
            beginning.commit()
            await writer.write(journal)
            await until(lambda: is_there(model, len(journal)))

    check_equal(model, fold)


def somebody_waits(connection: Connection) -> bool:
    """Whether a transaction is held up by another one; SQLite does not say."""
    if connection.dialect.name == "sqlite":
        return True
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"
    return connection.execute(text(waiting)).first() is not None
