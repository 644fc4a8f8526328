"""A server without Kafka and without tables, and who asks it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.settings import load_settings


@pytest.fixture
def means(tmp_path: Path) -> Means:
    """Of a server that has not begun to look for Kafka."""
    return Means(
        load_settings(
            bootstrap="127.0.0.1:1",
            signing_keys="a signing key of the tests",
            access="open",
            http_port=0,
            database_url=f"sqlite:///{tmp_path / 'read-model.db'}",
        )
    )


@pytest.fixture
async def api(means: Means) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(means), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
