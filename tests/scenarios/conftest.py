"""One deployment for most scenarios, one of its own for those that kill things; both audited."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.forking import ready_to_fork
from tests.scenarios.harness import House, Scene, alone


@pytest.fixture(scope="session", autouse=True)
def _forked_from() -> None:
    """It is no test's own, so it is there before the first one begins."""
    ready_to_fork()


@pytest.fixture(scope="session")
def house(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A deployment with one worker, for every scenario that breaks nothing of it."""
    house = House(bootstrap, tmp_path_factory.mktemp("house"), heartbeat_seconds=0.5)
    try:
        made = house.command("topics", "create")
        assert made.wait() == 0, made.said()
        worker = house.worker()
        yield house
        worker.terminate()
        assert worker.wait() == 0, worker.said()
    finally:
        house.close()


@pytest.fixture(scope="module")
def swept(house: House) -> Iterator[None]:
    """Agents for the deployment that all share, as long as these scenarios run."""
    agents = house.agents()
    yield
    agents.terminate()
    assert agents.wait() == 0, agents.said()


@pytest.fixture
async def scene(house: House) -> AsyncIterator[Scene]:
    """A scenario in the deployment that all share. Whatever it did, the journal is whole."""
    async with Scene(house) as scene:
        yield scene
    assert await house.findings() == []


@pytest.fixture
async def own(bootstrap: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A scenario in a deployment of its own, with no worker yet."""
    async with alone(House(bootstrap, tmp_path)) as scene:
        yield scene


@pytest.fixture
async def watched(bootstrap: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """One in which a worker runs, and agents that give a runner up after three seconds."""
    house = House(bootstrap, tmp_path, heartbeat_seconds=0.5, lost_after_seconds=3)
    async with alone(house) as scene:
        house.worker()
        house.agents()
        yield scene
