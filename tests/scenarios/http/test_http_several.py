"""Several servers of one service: they share a PostgreSQL, and each may end at any time."""

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.postgresql import PostgresqlServer, start_postgresql
from tests.scenarios.harness import House, Scene
from tests.scenarios.processes import Process
from tests.waiting import until


class One:
    """A server as a process, and whoever asks it."""

    def __init__(self, house: House, url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.process: Process = house.start(
            *("-m", "rescind", "server"), http_port=port, database_url=url, access="open"
        )
        self.address = f"http://127.0.0.1:{port}"

    async def asks(self, method: str, path: str, **how: str) -> httpx.Response | None:
        async with httpx.AsyncClient(base_url=self.address, timeout=30) as client:
            with contextlib.suppress(httpx.TransportError):
                return await client.request(method, path, headers=how)
        return None

    async def is_ready(self) -> bool:
        answer = await self.asks("GET", "/health/ready")
        return answer is not None and answer.status_code == 200

    async def state(self, flow_run_id: str) -> str:
        answer = await self.asks("GET", f"/api/v1/flow-runs/{flow_run_id}")
        return answer.json().get("state", "") if answer is not None else ""


@pytest.fixture
def url(postgresql: PostgresqlServer) -> Iterator[str]:
    name = postgresql.new_database()
    yield postgresql.url(name)
    postgresql.drop_database(name)


async def test_what_one_server_was_asked_the_other_answers_alike_also_when_the_first_was_killed(
    scene: Scene, url: str
) -> None:
    first, second = One(scene.house, url), One(scene.house, url)
    for one in (first, second):
        await until(one.is_ready, within_seconds=60)
    flow = await scene.begun(tasks=["t"])
    path = f"/api/v1/flow-runs/{flow.flow_run_id}/cancel"

    asked = await first.asks("POST", path, **{"Idempotency-Key": "same"})
    first.process.kill()

    async def is_known() -> bool:
        return await second.state(flow.flow_run_id) == "Running.Cancelling"

    # Whoever projected is gone: the other one goes on from where it was.
    await until(is_known, within_seconds=60)
    again = await second.asks("POST", path, **{"Idempotency-Key": "same"})
    await flow.ends("t", "cancelled", how="graceful", stopped_confirmed=True)
    await flow.ends("body", "success")

    async def is_over() -> bool:
        return await second.state(flow.flow_run_id) == "Finished.Cancelled"

    await until(is_over, within_seconds=60)
    assert asked is not None
    assert again is not None
    assert (asked.status_code, again.status_code) == (202, 202)
    assert asked.json()["cancellation"] == again.json()["cancellation"]
    assert asked.json()["outcome"] == again.json()["outcome"] == "cancelling"
    await scene.journal.catches_up()
    assert len(scene.events(flow.flow_run_id, "flow.cancelling")) == 1
    second.process.terminate()
    assert second.process.wait() == 0


async def test_while_the_database_is_away_reads_say_so_and_cancels_are_taken(
    scene: Scene, postgresql: PostgresqlServer
) -> None:
    database = start_postgresql(postgresql.binaries)
    try:
        server = One(scene.house, database.url())
        await until(server.is_ready, within_seconds=60)
        flow = await scene.begun(tasks=["t"])
        database.halt()

        async def says_so() -> bool:
            answer = await server.asks("GET", f"/api/v1/flow-runs/{flow.flow_run_id}")
            return answer is not None and answer.status_code == 503

        await until(says_so, within_seconds=60)
        asked = await server.asks("POST", f"/api/v1/flow-runs/{flow.flow_run_id}/cancel")
        database.start()

        async def is_known() -> bool:
            return await server.state(flow.flow_run_id) == "Running.Cancelling"

        await until(is_known, within_seconds=60)
        assert asked is not None
        assert (asked.status_code, asked.json()["outcome"]) == (202, "cancelling")
        server.process.terminate()
        assert server.process.wait() == 0
    finally:
        database.remove()
