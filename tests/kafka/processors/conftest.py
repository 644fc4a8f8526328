"""The lifecycle's topics of a test's own, with a producer and the journal open."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Cluster
from tests.kafka.processors.service import Service


@pytest.fixture
async def service(cluster: Cluster) -> AsyncIterator[Service]:
    """No worker runs yet: `async with service.worker()` starts one."""
    async with Service(cluster.connection, cluster.names, cluster.partitions) as service:
        yield service
