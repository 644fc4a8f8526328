"""`rescind up`: everything on one machine, with a Kafka of their own."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import psutil
import pytest

from tests.kafka.cli.command import Command
from tests.waiting import until

pytestmark = pytest.mark.slow

LAST_LINE = "Ctrl-C ends it; the data are kept."


@pytest.fixture
def rescind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command.without_cluster(tmp_path, monkeypatch)


class Up:
    """A running `rescind up`, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode().rstrip())

    async def until_said(self, words: str) -> str:
        def is_said() -> bool:
            assert self.process.returncode is None, self.lines
            return any(words in line for line in self.lines)

        await until(is_said, within_seconds=90)
        return next(line for line in self.lines if words in line)

    def children(self) -> dict[str, psutil.Process]:
        """Its processes: worker, agents, server, runner, kafka."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            command = child.cmdline()
            found["kafka" if "kafka.Kafka" in command else command[-1]] = child
        return found


@asynccontextmanager
async def up(rescind: Command) -> AsyncIterator[Up]:
    running = Up(await rescind.start("up"))
    reading = asyncio.create_task(running.read())
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.process.send_signal(signal.SIGINT)
        assert running.process.stdout is not None
        await asyncio.gather(reading, running.process.stdout.read(), running.process.wait())


def gone(processes: dict[str, psutil.Process]) -> bool:
    def runs(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return not any(runs(process) for process in processes.values())


async def listed_at(address: str) -> httpx.Response:
    """What the API says of all flow runs; 503 while it is away itself."""
    try:
        async with httpx.AsyncClient(timeout=30) as client:
            return await client.get(f"{address}/flow-runs")
    except httpx.TransportError:
        return httpx.Response(503)


async def test_up_is_found_by_every_command_mends_itself_and_ends_whole(rescind: Command) -> None:
    async with up(rescind) as running:
        await running.until_said(LAST_LINE)
        place = f"export RESCIND_DATA_DIR={rescind.environment['RESCIND_DATA_DIR']}"
        assert running.lines[running.lines.index("In another terminal:") + 1].strip() == place
        assert (await rescind("doctor", "--probe")).code == 0
        assert (await rescind("ls")).code == 0
        said = await running.until_said("the HTTP API answers at")
        address = said.split()[-1]
        assert (await listed_at(address)).status_code == 200
        assert "It listens on this machine alone, and asks nobody for a password." in running.lines

        second = await rescind.process("up")
        assert second.code == 4
        assert f"`rescind up` (process {running.process.pid}) runs there" in second.complaint

        for name, process in running.children().items():
            process.send_signal(signal.SIGKILL)
            await running.until_said(f"{name:<7} " + ("has ended" if name == "kafka" else "was"))

        async def kafka_answers() -> bool:
            return (await rescind("topics", "check")).code == 0

        await until(kafka_answers, within_seconds=60)
        # Whoever asks before the worker is back is answered when it is.
        answered = await rescind.process("cancel", "f", "--arm", "--answer-within", "60", "--json")
        assert answered.json[0]["outcome"] == "armed"

        async def server_answers() -> bool:
            return (await listed_at(address)).status_code == 200

        await until(server_answers, within_seconds=60)
        processes = running.children()
        running.process.send_signal(signal.SIGTERM)
        assert await running.process.wait() == 0

    assert gone(processes)
    assert set(processes) == {"worker", "agents", "server", "runner", "kafka"}
    assert not (rescind.folder / "data/up.json").exists()
    # It was started there, and so were its services.
    assert [path.name for path in rescind.folder.iterdir()] == ["data"]
    assert (await rescind("ls")).code == 3


async def test_up_says_where_everything_is_in_one_document(rescind: Command) -> None:
    process = await rescind.start("up", "--json")
    assert process.stdout is not None
    try:
        body = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 120))
        async with httpx.AsyncClient(timeout=30) as client:
            assert (await client.get(f"{body['ui']}/health/ready")).status_code == 200
            assert (await client.get(f"{body['api']}/flow-runs")).json()["items"] == []
        doctor = await rescind("doctor", "--json")
        running = {name: psutil.Process(each["pid"]) for name, each in body["services"].items()}
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.wait_for(process.communicate(), 120)

    assert process.returncode == 0
    assert rest == b"", "one document, and nothing else"
    assert body["pid"] == process.pid
    assert body["data_dir"] == str(rescind.folder / "data")
    assert running.keys() == {"worker", "agents", "server", "runner"}
    logs = rescind.folder / "data" / "logs"
    assert {each["log"] for each in body["services"].values()} == {
        str(logs / f"{name}.log") for name in running
    }
    (kafka,) = (one["says"] for one in doctor.json if one["check"] == "kafka")
    assert body["bootstrap"] in kafka


async def test_what_up_has_started_ends_when_it_is_killed(rescind: Command) -> None:
    async with up(rescind) as running:
        await running.until_said(LAST_LINE)
        processes = running.children()
        running.process.kill()

        await until(lambda: gone(processes), within_seconds=60)
    assert len(processes) == 5


async def test_up_can_be_stopped_while_it_starts(rescind: Command) -> None:
    async with up(rescind) as running:
        await running.until_said("Starting Kafka")
        running.process.send_signal(signal.SIGINT)

        assert await running.process.wait() == 0
    starting, *more, stopping = running.lines
    assert starting.startswith("Preparing Kafka")
    assert stopping == "Stopping; once more ends it at once.", more


async def test_a_folder_that_cannot_be_written_is_told(rescind: Command) -> None:
    (rescind.folder / "file").write_text("")

    said = await rescind.process("up", RESCIND_DATA_DIR=str(rescind.folder / "file/data"))

    assert said.code == 2
    assert "expected RESCIND_DATA_DIR to be a folder that this user may write" in said.complaint
