"""What keeps up with a journal under test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from rescind.server.readmodel.projection import Projection
from tests.conftest import Cluster
from tests.contract.readmodel.tables import Reader, reader

Projecting = Callable[[Reader], AbstractAsyncContextManager[Projection]]


@pytest.fixture
def model(database_url: str) -> Iterator[Reader]:
    with reader(database_url) as model:
        yield model


@pytest.fixture
def projecting(cluster: Cluster) -> Projecting:
    """Runs a projection for the time of the ``with``."""

    @asynccontextmanager
    async def run(model: Reader) -> AsyncIterator[Projection]:
        projection = Projection(
            cluster.connection, cluster.names.journal, model.database, patience_seconds=0.2
        )
        running = asyncio.create_task(projection.run())
        try:
            yield projection
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    return run
