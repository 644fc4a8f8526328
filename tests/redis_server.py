"""A Redis of a test's own, on a port of this machine's choice."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

__all__ = ["redis_server"]

_SECONDS_MAX: Final = 30.0


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Start it and end it; its URL. Skips where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed (Debian, Ubuntu: apt install redis-server)")
    port = _free_port()
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + _SECONDS_MAX
        while not _answers(port):
            assert server.poll() is None, (folder / "redis.log").read_text()
            assert time.monotonic() < end, "Redis does not answer"
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
