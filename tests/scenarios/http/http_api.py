"""The HTTP API in this process, on the deployment of a scenario, with a read model of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from rescind.errors import ReadModelMissingError
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.visits import ends
from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.server.readmodel.reading import ReadModel
from tests.scenarios.harness import PARTITIONS, House, Scene
from tests.waiting import until

__all__ = ["Api", "has_read", "means_of", "problem", "serving"]


class Api:
    """Whoever asks by HTTP."""

    def __init__(self, means: Means, client: httpx.AsyncClient) -> None:
        self.means = means
        self.client = client

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", params=query)

    async def cancel(
        self, flow_run_id: str, task_run_id: str | None = None, *, key: str = "", **wanted: Any
    ) -> httpx.Response:
        """Ask for a cancel; without words, without a body."""
        task = "" if task_run_id is None else f"/task-runs/{task_run_id}"
        return await self.client.post(
            f"/api/v1/flow-runs/{flow_run_id}{task}/cancel",
            json=wanted or None,
            headers={"Idempotency-Key": key} if key else {},
        )

    async def has_read(self, scene: Scene, flow_run_id: str) -> None:
        await has_read(self.means.model, scene, flow_run_id)


async def has_read(model: ReadModel, scene: Scene, flow_run_id: str) -> None:
    """Wait until a read model has all that the journal says of a flow run by now."""
    partition = partition_of(flow_run_id, PARTITIONS)
    # Asked of Kafka: what the API was answered, the scene may not have read yet.
    end = (await ends(scene.connection, scene.names.journal))[partition]

    def has_it() -> bool:
        try:
            return model.standings()[partition].next_offset >= end
        except ReadModelMissingError:
            return False

    await until(has_it)


def means_of(house: House, folder: Path, **settings: Any) -> Means:
    """The means of a server of this deployment, its read model in that folder."""
    url = SecretStr(f"sqlite:///{folder / 'read-model.db'}")
    return Means(
        house.settings.model_copy(update={"database_url": url, "access": "open", **settings})
    )


@asynccontextmanager
async def serving(house: House, folder: Path, **settings: Any) -> AsyncIterator[Api]:
    """An API that has found Kafka and reads the journal."""
    means = means_of(house, folder, **settings)
    transport = httpx.ASGITransport(make_app(means))
    async with means, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        yield Api(means, client)


def problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem that an answer is."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:rescind:problem:{kind}"
    assert body["status"] == status
    return body
