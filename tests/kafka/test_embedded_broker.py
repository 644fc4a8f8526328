"""The embedded broker on its own data folder: kept data, one owner, a clean end."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from rescind.errors import BrokerRunningError, BrokerStartError, PortTakenError
from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.kafka.embedded.logs import LogFollower
from rescind.kafka.embedded.progress import Progress
from rescind.kafka.embedded.state import read_state
from rescind.settings import load_settings
from tests.broker import embedded_broker, formatted_broker


async def _write(bootstrap: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait("kept", value)


async def _read(bootstrap: str) -> bytes:
    consumer = AIOKafkaConsumer(
        "kept", bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    )
    async with consumer:
        value = (await consumer.getone()).value
    assert value is not None
    return bytes(value)


class Started(NamedTuple):
    """A broker that runs, its folder, and what it said while it started."""

    broker: EmbeddedBroker
    folder: Path
    said: list[Progress]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """One for all that only look at it."""
    folder = tmp_path_factory.mktemp("started")
    said: list[Progress] = []
    with embedded_broker(folder, progress=said.append, tune=False) as broker:
        yield Started(broker, folder, said)


@pytest.mark.parametrize("by_force", [False, True])
async def test_a_restart_keeps_the_data(tmp_path: Path, by_force: bool) -> None:
    broker = formatted_broker(tmp_path)
    await broker.start_async()
    await _write(broker.bootstrap, b"still here")

    broker.kill() if by_force else await broker.stop_async()

    assert read_state(tmp_path) is None
    async with broker:
        assert await _read(broker.bootstrap) == b"still here"
        log = broker.log_file.read_text()
    # Fenced while it already leads its partitions, a killed broker may lose a commit.
    assert ("Fencing broker 1" in log) is by_force
    assert "Fencing broker 1" not in log.rpartition("Starting controller")[2]


def test_a_log_is_followed_also_while_it_is_rolled(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("a line before\n")
    follower = LogFollower(log)
    with log.open("a") as file:
        file.write("the last line of the old file\n")
    log.rename(tmp_path / "broker.log.1")
    log.write_text("the first line of the new one\n")
    assert follower.has("the last line")
    assert follower.has("the first line")
    assert not follower.has("before")
    assert follower.last(re.compile(r"the (\w+) line")) == "first"


def test_a_running_broker_is_found_by_its_state_file(started: Started) -> None:
    state = read_state(started.folder)
    assert state is not None
    assert (state.bootstrap, state.pid) == (started.broker.bootstrap, started.broker.pid)


def test_a_second_broker_on_the_same_folder_is_refused(started: Started) -> None:
    with pytest.raises(BrokerRunningError, match=str(started.broker.pid)):
        embedded_broker(started.folder).start()
    assert started.broker.is_running


def test_a_taken_port_is_refused_when_it_was_chosen_and_left_when_it_was_not(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)):
            embedded_broker(tmp_path, port=port, fallback=False).start()
        with embedded_broker(tmp_path, port=port) as broker:
            assert broker.bootstrap != f"127.0.0.1:{port}"


def test_a_broker_that_cannot_start_says_why_with_the_end_of_its_log(tmp_path: Path) -> None:
    broker = embedded_broker(tmp_path, properties={"num.io.threads": "none"})
    with pytest.raises(BrokerStartError, match=r"num\.io\.threads"):
        broker.start()
    assert not broker.is_running


def test_the_progress_names_each_stage_once(started: Started) -> None:
    stages = [step.stage for step in started.said if step.stage != "download"]
    assert stages == ["format", "start", "ready"]


def test_it_listens_on_loopback_only(started: Started) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(started.broker.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert listening


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(tmp_path), str(load_settings().cache_dir)],
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    with owner, owner.stdout:
        pid = int(owner.stdout.readline())
        assert psutil.pid_exists(pid)
        owner.send_signal(signal.SIGKILL)
    _wait_until_it_is_dead(pid)


def test_it_starts_with_an_empty_home_and_an_empty_path(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "", "LANG": "C"}
    done = subprocess.run(
        [sys.executable, "-c", _ONCE, str(tmp_path), str(load_settings().cache_dir)],
        env=environment,
        capture_output=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert list(home.iterdir()) == []


async def test_a_cancelled_start_leaves_nothing_running(tmp_path: Path) -> None:
    spawning = asyncio.Event()
    loop = asyncio.get_running_loop()

    def progress(step: Progress) -> None:
        if step.stage == "start":
            loop.call_soon_threadsafe(spawning.set)

    broker = embedded_broker(tmp_path, progress=progress)
    starting = asyncio.create_task(broker.start_async())
    await spawning.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not broker.is_running


_OWNER = """
import pathlib, sys, threading
from rescind.kafka.embedded.broker import EmbeddedBroker
broker = EmbeddedBroker(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), tune=False)
# Started in a thread that ends: the broker must outlive it, and not its process.
starting = threading.Thread(target=broker.start)
starting.start()
starting.join()
assert broker.is_running
print(broker.pid, flush=True)
threading.Event().wait()
"""

_ONCE = """
import pathlib, sys
from rescind.kafka.embedded.broker import EmbeddedBroker
with EmbeddedBroker(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), tune=False):
    pass
"""


def _wait_until_it_is_dead(pid: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the broker outlived the process that started it")
