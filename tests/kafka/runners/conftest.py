"""The service beside a runner: the real lifecycle, on every partition of a test's own topics."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from rescind.kafka.sender import Sender
from rescind.processors.worker import Worker
from rescind.settings import Settings, load_settings
from tests.conftest import Cluster
from tests.kafka.runners.lifecycle import Lifecycle


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Settings:
    return load_settings(
        bootstrap=cluster.bootstrap,
        topic_prefix=cluster.names.prefix,
        partitions=cluster.partitions,
        data_dir=tmp_path / "data",
        signing_keys=(SecretStr("only for the tests of runners"),),
        heartbeat_seconds=0.5,
        acknowledge_seconds=0.5,
    )


@pytest.fixture
async def lifecycle(settings: Settings, cluster: Cluster) -> AsyncIterator[Lifecycle]:
    worker = Worker(settings, "worker-of-the-test")
    await worker.start(cluster.partitions)
    await worker.own(set(range(cluster.partitions)))
    async with Sender(cluster.connection) as sender:
        yield Lifecycle(cluster, settings, sender)
    await worker.stop()
