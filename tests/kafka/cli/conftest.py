"""A service of a test's own, and the command pointed at it."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conftest import Cluster
from tests.kafka.cli.command import Command
from tests.kafka.processors.service import KEY, Service


@pytest.fixture
async def idle_service(cluster: Cluster) -> AsyncIterator[Service]:
    """The topics, and no worker."""
    async with Service(cluster.connection, cluster.names, cluster.partitions) as service:
        yield service


@pytest.fixture
async def service(idle_service: Service) -> AsyncIterator[Service]:
    """The topics, and a worker on all partitions."""
    async with idle_service.worker():
        yield idle_service


@pytest.fixture
def rescind(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command, on the test's own topics."""
    client_log = logging.getLogger("aiokafka")
    level = client_log.level
    yield Command(
        tmp_path,
        {
            "RESCIND_BOOTSTRAP": cluster.bootstrap,
            "RESCIND_TOPIC_PREFIX": cluster.names.prefix,
            "RESCIND_SIGNING_KEYS": KEY,
        },
        monkeypatch,
    )
    client_log.setLevel(level)
