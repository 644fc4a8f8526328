"""The place whose Jobs are looked at, and somebody else in the same cluster."""

from collections.abc import Iterator

import pytest

from rescind.runners.infrastructure.kubernetes.cluster import Cluster
from tests.contract.infrastructure.places import Place, place_of


@pytest.fixture
def place() -> Iterator[Place]:
    with place_of("kubernetes") as place:
        yield place


@pytest.fixture
def server(place: Place) -> Iterator[Cluster]:
    """What somebody else does there, and sees."""
    server = Cluster()
    yield server
    server.close()
