"""The service beside a runner: the real lifecycle, on every partition of a test's own topics."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rescind.settings import Settings
from tests.conftest import Cluster
from tests.kafka.runners.lifecycle import Lifecycle, serving, settings_for


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Settings:
    return settings_for(cluster, tmp_path / "data")


@pytest.fixture
async def lifecycle(settings: Settings, cluster: Cluster) -> AsyncIterator[Lifecycle]:
    async with serving(cluster, settings) as lifecycle:
        yield lifecycle
