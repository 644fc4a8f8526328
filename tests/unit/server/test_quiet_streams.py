"""A stream on which nothing happens says so, or a proxy between would end it."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from rescind.server.api.live import beat
from rescind.server.api.means import Means
from rescind.settings import load_settings
from tests.contract.readmodel.tables import told
from tests.scenarios.http.http_following import listening


@pytest.mark.parametrize("path", ["/api/v1/events", "/live?flow_run_id=nightly"])
async def test_it_is_kept_alive(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat, "QUIET_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path / 'read-model.db'}"
    with told(url) as model:
        model.tell([b'{"number": 1}'])
    settings = load_settings(
        bootstrap="127.0.0.1:1", signing_keys="a key of the tests", access="open", http_port=0
    )
    means = Means(settings.model_copy(update={"database_url": SecretStr(url)}))

    async with listening(means) as server, server.client.stream("GET", path) as response:
        comments: list[str] = []
        async with asyncio.timeout(60):
            async for line in response.aiter_lines():
                if line.startswith(": nothing"):
                    comments.append(line)
                if len(comments) == 2:
                    break

    assert response.headers["content-type"].startswith("text/event-stream")
    assert comments == [": nothing new"] * 2
    assert response.headers["cache-control"] == "no-cache"
