"""Read models of a database: made, brought up to date, built beside another, switched, dropped."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from rescind.errors import NewerSchemaError, OlderSchemaError, ReadModelMissingError, SettingsError
from rescind.server.readmodel.reading import ReadModel
from rescind.server.readmodel.standing import standings
from rescind.server.readmodel.storage.database import Database, open_database
from rescind.server.readmodel.storage.migrating import revision_of
from rescind.server.readmodel.storage.tables import metadata
from rescind.settings import load_settings
from tests.contract.readmodel.tables import Told
from tests.model.driver import live


def test_the_revisions_make_the_tables_that_are_described(model: Told) -> None:
    with model.database.reading(model.number).connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, metadata) == []


def test_made_twice_it_is_as_it_was(model: Told) -> None:
    model.tell_entries(live(3, 40).world.journal)
    before = model.everything()

    assert model.database.prepare() == model.number
    assert model.everything() == before


def test_made_by_several_at_once_it_is_made_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(Database.prepare, databases))

    assert numbers == [1, 1, 1, 1]
    for database in databases:
        database.close()


def test_what_a_newer_release_has_made_is_left_alone(model: Told) -> None:
    with model.database.writing(model.number).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerSchemaError, match="0003 or earlier, but they are at 9999"):
        model.database.prepare()


def test_while_an_earlier_release_serves_none_is_built_and_its_tables_are_left_alone(
    model: Told,
) -> None:
    """Its servers would find tables that they do not know, and project no more."""
    with model.database.writing(model.number).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))

    with pytest.raises(OlderSchemaError, match="start the servers of this release first"):
        model.database.begin_another()

    with model.database.reading(model.number).connect() as connection:
        assert revision_of(connection) == "0002"
    assert [one.number for one in model.database.models()] == [model.number]


def test_where_none_serves_one_is_made_beside_which_another_is_built(database_url: str) -> None:
    database = Database(database_url)

    assert database.begin_another() == (2, 1)

    assert database.serving() == 1
    database.close()


def test_before_anybody_has_made_it_that_is_said(database_url: str) -> None:
    database = Database(database_url)

    with pytest.raises(ReadModelMissingError):
        database.ask(standings)

    database.close()


def test_where_one_that_has_not_begun_is_nobody_is_told(database_url: str) -> None:
    """Whoever follows from nowhere would wait for ever."""
    database = Database(database_url)
    database.prepare()

    with pytest.raises(ReadModelMissingError):
        ReadModel(database).standings()

    database.close()


def test_who_reads_cannot_write(model: Told) -> None:
    with (
        pytest.raises(DBAPIError, match=r"read-?only"),
        model.database.reading(model.number).connect() as connection,
    ):
        connection.execute(text("DELETE FROM events"))


def test_who_reads_sees_one_moment_however_often_it_asks(model: Told) -> None:
    journal = live(3, 40).world.journal
    with model.database.reading(model.number).connect() as connection:
        before = standings(connection)
        model.tell_entries(journal)

        assert standings(connection) == before
    assert model.standing().events == len(journal)


def test_one_that_is_built_beside_another_serves_when_it_is_told_to(model: Told) -> None:
    model.tell_entries(live(3, 40).world.journal)
    served = model.database.ask(standings)

    number = model.database.begin_another().number
    assert model.database.ask(standings) == served
    model.database.switch(number)

    assert model.database.ask(standings) == {}


def test_of_those_that_were_left_half_built_none_stays(model: Told) -> None:
    half = model.database.begin_another().number

    other = model.database.begin_another().number

    with pytest.raises(DBAPIError), model.database.reading(half).connect() as connection:
        standings(connection)
    assert other > half


def test_what_has_served_is_dropped_and_who_asks_then_gets_the_new_one(model: Told) -> None:
    before = model.number
    asked: list[int] = []

    def ask(connection: object) -> int:
        asked.append(1)
        if len(asked) == 1:
            model.anew()
            raise DBAPIError("SELECT", None, Exception("no such table"))
        return len(asked)

    assert model.database.ask(ask) == 2
    with pytest.raises(DBAPIError), model.database.reading(before).connect() as connection:
        standings(connection)


def test_by_default_it_is_a_file_beside_the_other_data(tmp_path: Path) -> None:
    database = open_database(load_settings(data_dir=tmp_path / "data of ours"))

    database.prepare()

    names = {path.name for path in (tmp_path / "data of ours").glob("*.db")}
    assert names == {"read-model.db", "read-model-1.db"}
    database.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://ada:secret@host/x"]
)
def test_a_url_of_something_else_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(SettingsError, match="RESCIND_DATABASE_URL") as refused:
        Database(url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("held", sorted(metadata.tables))
def test_who_drops_waits_for_readers_and_is_in_no_deadlock_with_them(
    model: Told, held: str
) -> None:
    """Both lock table by table, in orders of their own."""
    database = model.database
    database.switch(database.begin_another().number)

    with ThreadPoolExecutor(1) as threads, database.reading(model.number).connect() as reader:
        reader.execute(select(func.count()).select_from(metadata.tables[held]))
        dropping = threads.submit(database.drop_retired)
        # A file is unlinked, whoever reads it.
        while reader.dialect.name == "postgresql" and not _is_waited(database):
            assert not dropping.done()
        for table in metadata.sorted_tables:
            reader.execute(select(func.count()).select_from(table))
        reader.rollback()
        dropping.result(timeout=60)


def _is_waited(database: Database) -> bool:
    with database.reading(database.serving()).connect() as connection:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(connection.execute(waiting).scalar_one())
