"""The command as its users have it: arguments, two streams, and an exit code.

Called, it runs in a thread of the test's own process: nothing of its work is left out, and a
start of Python (a second and more on a busy machine) is saved each time. `start` and `process`
are for what only a process of its own shows: signals, the exit code itself.
"""

import asyncio
import io
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import orjson
import pytest

from rescind.cli import services, session
from rescind.cli.command import run_command
from rescind.cli.flows import running
from rescind.settings import load_settings

__all__ = ["Command", "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        return [orjson.loads(line) for line in self.out.splitlines()]

    @property
    def complaint(self) -> str:
        """The one line that said what was wrong."""
        (line,) = self.err.splitlines()
        assert line.startswith("rescind: "), line
        return line


class Command:
    """``rescind`` with an environment of the test's own; nothing of the user's is seen by it."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder = folder
        self.environment = {"RESCIND_DATA_DIR": str(folder / "data"), **environment}
        for name in [name for name in os.environ if name.startswith("RESCIND_")]:
            monkeypatch.delenv(name)
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)
        # The log of this process is the test's.
        for module in (session, services, running):
            monkeypatch.setattr(module, "configure_logging", _nothing)
        # A file with a flow is imported under its own name, with its folder on the path.
        monkeypatch.setattr(sys, "path", list(sys.path))

    @classmethod
    def without_cluster(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Command":
        """It starts a Kafka of its own, on ports that are free; only Kafka's files are shared."""
        cache = str(load_settings().cache_dir)
        ports = {"RESCIND_EMBEDDED_PORT": "0", "RESCIND_HTTP_PORT": "0"}
        return cls(folder, {"RESCIND_CACHE_DIR": cache, **ports}, monkeypatch)

    async def __call__(self, *arguments: str) -> Said:
        """Run it to its end. No command may show a traceback."""
        code, out, err = await asyncio.to_thread(_run, arguments)
        assert "Traceback" not in err, err
        return Said(code, out, err)

    async def process(
        self, *arguments: str, within_seconds: float = 90, **environment: str
    ) -> Said:
        """Run it to its end in a process of its own."""
        process = await self.start(*arguments, **environment)
        try:
            async with asyncio.timeout(within_seconds):
                out, err = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        code = process.returncode
        assert code is not None
        assert b"Traceback" not in err, err.decode()
        return Said(code, out.decode(), err.decode())

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rescind",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=self.folder,
        )


def _nothing(*_: object, **__: object) -> None:
    pass


def _run(arguments: tuple[str, ...]) -> tuple[int, str, str]:
    with _heard("stdout") as out, _heard("stderr") as err:
        code = run_command(arguments)
    return code, out.getvalue(), err.getvalue()


@contextmanager
def _heard(name: str) -> "Iterator[io.StringIO]":
    """What this thread writes to a stream; other threads, and the worker's log, go on as before."""
    heard = io.StringIO()
    with _LOCK:
        stream: Any = getattr(sys, name)
        if not isinstance(stream, _ByThread):
            setattr(sys, name, stream := _ByThread(stream))
        stream.heard[threading.get_ident()] = heard
    try:
        yield heard
    finally:
        with _LOCK:
            del stream.heard[threading.get_ident()]
            if not stream.heard and getattr(sys, name) is stream:
                setattr(sys, name, stream.before)


class _ByThread(io.TextIOBase):
    """A stream for each thread that is listened to, and the one that was there for all others."""

    def __init__(self, before: TextIO) -> None:
        self.before = before
        self.heard: dict[int, io.StringIO] = {}

    def write(self, text: str) -> int:
        return self.heard.get(threading.get_ident(), self.before).write(text)

    def flush(self) -> None:
        self.heard.get(threading.get_ident(), self.before).flush()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"


_LOCK = threading.Lock()
