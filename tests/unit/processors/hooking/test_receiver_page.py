"""The receiver of the page about webhooks: it verifies, dedupes, and takes what is signed."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from rescind.processors.hooking.tries import Try
from rescind.processors.hooking.webhook import Webhook
from rescind.settings.hooks import Hook
from tests.pages import blocks
from tests.sink import SECRET
from tests.unit.processors.hooking.telling import EVENT
from tests.waiting import until

PAGE = "docs/how-to/be-told-by-webhook.md"


@dataclass(frozen=True, slots=True)
class Receiver:
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with closing(socket.socket()) as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    async def told(self, keys: tuple[bytes, ...] | None = None) -> Try:
        given = {"url": f"http://127.0.0.1:{self.port}/", "secret": SECRET, "timeout_seconds": 30}
        target = Webhook(Hook.model_validate(given), keys)
        try:
            return await target.tell(EVENT)
        finally:
            await target.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    program, log = tmp_path / "receiver.py", tmp_path / "receiver.log"
    program.write_text(blocks(PAGE, "python")[0])
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environ = {**os.environ, "RESCIND_HOOKS__OPS__SECRET": SECRET, "PORT": str(port)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(program)], env=environ, stdout=out, stderr=out
        )
    try:
        yield Receiver(process, port, log)
    finally:
        process.kill()
        process.wait()


async def test_it_takes_what_is_signed_once_and_refuses_the_rest(receiver: Receiver) -> None:
    await until(receiver.answers)

    first, again = await receiver.told(), await receiver.told()
    forged = await receiver.told((b"a key that is nobody's at all",))

    assert (first.status, again.status, forged.status) == (204, 204, 401)
    assert receiver.log.read_text().splitlines().count("flow.cancelled") == 1


def test_it_is_about_twenty_five_lines() -> None:
    assert len(blocks(PAGE, "python")[0].splitlines()) <= 30
