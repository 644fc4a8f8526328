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
