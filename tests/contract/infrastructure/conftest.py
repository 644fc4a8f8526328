"""One place of each kind."""

from collections.abc import Iterator

import pytest

from tests.contract.infrastructure.places import KINDS, Place, place_of


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_of(request.param) as place:
        yield place
