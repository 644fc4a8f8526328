"""What keeps up with a journal under test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from rescind.server.readmodel.projection import Projection
from tests.conftest import Cluster
from tests.contract.readmodel.tables import Reader, reader


class Projecting(Protocol):
    """Runs a projection for the time of the ``with``."""

    def __call__(
        self, model: Reader, *, rest_seconds: float = 0
    ) -> AbstractAsyncContextManager[Projection]: ...


@pytest.fixture
def model(database_url: str) -> Iterator[Reader]:
    with reader(database_url) as model:
        yield model


@pytest.fixture
def projecting(cluster: Cluster) -> Projecting:
    @asynccontextmanager
    async def run(model: Reader, *, rest_seconds: float = 0) -> AsyncIterator[Projection]:
        projection = Projection(
            cluster.connection,
            cluster.names.journal,
            model.database,
            patience_seconds=0.2,
            rest_seconds=rest_seconds,
        )
        running = asyncio.create_task(projection.run())
        try:
            yield projection
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    return run
