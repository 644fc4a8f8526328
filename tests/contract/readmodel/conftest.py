"""A read model for each kind of database."""

from collections.abc import Iterator

import pytest

from tests.contract.readmodel.tables import Told, told


@pytest.fixture
def model(database_url: str) -> Iterator[Told]:
    with told(database_url) as model:
        yield model
