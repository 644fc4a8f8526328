"""`rescind server` as a process: where it listens, where it will not, and how it ends."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.kafka.cli.command import Command, Said
from tests.waiting import until


@pytest.fixture
def rescind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, where no Kafka is."""
    nowhere = {"RESCIND_BOOTSTRAP": "127.0.0.1:1", "RESCIND_SIGNING_KEYS": "a key of the tests"}
    return Command(tmp_path, nowhere, monkeypatch)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])  # noqa: S104 - refused
async def test_it_asks_nobody_who_they_are_on_this_machine_alone_and_says_why(
    rescind: Command, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("RESCIND_HTTP_HOST", host)
    monkeypatch.setenv("RESCIND_ACCESS", "open")

    said = await rescind("server")

    assert said.code == 2
    assert "expected RESCIND_ACCESS to be `tokens` where others than this" in said.complaint
    assert host in said.complaint
    assert "rescind tokens create" in said.complaint


async def test_a_port_that_is_taken_is_one_line(
    rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("RESCIND_HTTP_PORT", str(port))

        said: Said = await rescind("server")

    assert said.code == 2
    assert "RESCIND_HTTP_PORT to be a port on which this process can listen" in said.complaint
    assert f"{port}: Address already in use" in said.complaint


async def test_it_answers_while_kafka_is_away_and_drains_at_sigterm(rescind: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await rescind.start("server", RESCIND_HTTP_PORT=str(port), RESCIND_ACCESS="open")

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        async def answers() -> bool:
            assert process.returncode is None
            try:
                return (await client.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, within_seconds=60)
        cancelled = await client.post("/api/v1/flow-runs/f/cancel")
        foreign = {"Origin": "http://elsewhere.example"}
        of_a_page = await client.post("/api/v1/flow-runs/f/cancel", headers=foreign)
        renamed = await client.get("/health/live", headers={"Host": "elsewhere.example"})
    # As `timeout` does: to the process, and to its group.
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err
    assert cancelled.status_code == 503
    assert [r.status_code for r in (of_a_page, renamed)] == [403, 403]


async def test_where_a_cluster_is_named_it_asks_for_a_token(rescind: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await rescind.start("server", RESCIND_HTTP_PORT=str(port))

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        async def answers() -> bool:
            try:
                return (await client.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, within_seconds=60)
        nobody = await client.post("/api/v1/flow-runs/f/cancel")
        # Kafka is away, so nobody can say yet whether this is a token.
        unread = {"Authorization": f"Bearer rscd_{'0' * 12}_{'A' * 43}"}
        somebody = await client.post("/api/v1/flow-runs/f/cancel", headers=unread)
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert [nobody.status_code, somebody.status_code] == [401, 503]
    assert "tokens have not been read yet" in somebody.json()["detail"]
    assert b"to whoever has a token" in err
