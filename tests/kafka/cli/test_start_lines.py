"""What a service says first is JSON where its log is, from the first line on."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

import rescind as release
from tests.kafka.cli.command import Command


@pytest.fixture
def rescind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, where no Kafka is: it waits for one."""
    nowhere = {"RESCIND_BOOTSTRAP": "127.0.0.1:1", "RESCIND_HTTP_PORT": "0"}
    return Command(tmp_path, nowhere | {"RESCIND_SIGNING_KEYS": "a key of the tests"}, monkeypatch)


@pytest.mark.parametrize("service", ["worker", "agents", "server", "runner"])
async def test_the_start_of_a_service_is_a_line_of_json(rescind: Command, service: str) -> None:
    first, second = await beginning(await rescind.start(service, RESCIND_LOG_FORMAT="json"))

    assert first["event"] == "the service starts"
    assert first["service"] == f"rescind-{service}"
    assert first["version"] == release.__version__
    assert second["event"] == "these are the settings"


async def beginning(process: asyncio.subprocess.Process) -> list[dict[str, Any]]:
    assert process.stderr is not None
    try:
        lines = [await asyncio.wait_for(process.stderr.readline(), 60) for _ in range(2)]
    finally:
        process.kill()
        await process.communicate()
    found = [orjson.loads(line) for line in lines]
    assert {line.get("pid", process.pid) for line in found} == {process.pid}
    return found


async def test_for_a_person_it_is_a_line_as_the_others_are(rescind: Command) -> None:
    process = await rescind.start("worker", RESCIND_LOG_FORMAT="console")
    assert process.stderr is not None
    try:
        line = await asyncio.wait_for(process.stderr.readline(), 60)
    finally:
        process.kill()
        await process.communicate()

    assert b"the service starts" in line
    assert not line.startswith(b"{")
