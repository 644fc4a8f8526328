"""An API, a server that listens, and both clients that ask it, for the scenarios here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients import KINDS, Asker, asker
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api, means_of, serving
from tests.scenarios.http.http_following import Listening, listening
from tests.waiting import until


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    """One that reads the journal; whoever may connect may ask."""
    async with serving(scene.house, tmp_path) as api:
        yield api


@pytest.fixture
async def server(scene: Scene, tmp_path: Path) -> AsyncIterator[Listening]:
    """One that has found Kafka, and reads the journal."""
    async with listening(means_of(scene.house, tmp_path, http_port=0)) as server:
        means = server.means
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        yield server


@pytest.fixture(params=KINDS)
async def ours(server: Listening, request: pytest.FixtureRequest) -> AsyncIterator[Asker]:
    """Each client in turn."""
    host, port = server.address
    async with asker(request.param, f"http://{host}:{port}") as ours:
        yield ours
