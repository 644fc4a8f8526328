"""A server, and somebody at a browser who looks at it, for the scenarios here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.harness import Scene
from tests.scenarios.http.http_following import Listening
from tests.scenarios.web.browsing import Visitor, browser, listening_to, visiting


@pytest.fixture
async def server(scene: Scene, tmp_path: Path) -> AsyncIterator[Listening]:
    async with listening_to(scene.house, tmp_path) as server:
        yield server


@pytest.fixture
async def visitor(server: Listening) -> AsyncIterator[Visitor]:
    """At a desk, with a headless Chromium. Nothing that they meet may be wrong there."""
    async with browser() as chromium, visiting(chromium, server) as visitor:
        yield visitor
        assert visitor.wrong == []
