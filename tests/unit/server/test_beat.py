"""Whoever follows a read model that is away: one waits until it is back, one wants to be told."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from rescind.errors import ReadModelError
from rescind.server.api.live.beat import Beat, Word
from rescind.server.readmodel.reading import ReadModel
from rescind.server.readmodel.standing import begin_at
from rescind.server.readmodel.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One in which nobody has made a read model."""
    database = Database(f"sqlite:///{tmp_path / 'read-model.db'}")
    yield database
    database.close()


async def test_who_is_patient_waits_until_it_is_there_and_who_is_not_is_told(
    database: Database,
) -> None:
    beat = Beat(ReadModel(database))
    patient = asyncio.create_task(beat.past({}))
    async with asyncio.timeout(60):
        with pytest.raises(ReadModelError):
            await beat.past({}, is_patient=False)
    assert not patient.done()

    number = database.prepare()
    with database.writing(number).begin() as connection:
        begin_at(connection, {0: 7})

    async with asyncio.timeout(60):
        assert await patient is Word.MOVED
        assert await beat.past({}, is_patient=False) is Word.MOVED
    await beat.end()


async def test_what_moves_elsewhere_is_no_word_and_puts_none_off(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.server.api.live.beat.QUIET_SECONDS", 0.5)
    number = database.prepare()
    with database.writing(number).begin() as connection:
        begin_at(connection, {0: 7, 1: 3})
    beat = Beat(ReadModel(database))
    loop = asyncio.get_running_loop()

    async with asyncio.timeout(60):
        assert await beat.past({}, {1}) is Word.MOVED
        seen, said_at = beat.standing, loop.time()
        assert await beat.past(seen, {1}, said_at=said_at) is Word.QUIET
        # As if it had said nothing since, however much had moved.
        assert await beat.past(seen, said_at=said_at) is Word.QUIET
    await beat.end()
