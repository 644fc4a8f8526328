"""Where the benchmarks run: a Kafka of their own, a scratch folder, and the processes they start.

Whatever is started here is ended here, also when a benchmark fails or is interrupted.
"""

import contextlib
import multiprocessing
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from random import Random
from typing import Any, Final

import psutil

from rescind.kafka.connection import Connection, connect
from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.settings import load_settings

__all__ = ["Child", "Place", "Program", "Spent", "child", "cpu_seconds", "open_place", "started"]

SIGNING_KEY: Final = secrets.token_hex(16)
_END_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Place:
    """What every benchmark is given.

    Attributes:
        broker_pid: of the broker that was started for this; None when one was given.
        quick: whether smaller sizes do.
        say: shows a person what is going on.

    """

    connection: Connection
    scratch: Path
    broker_pid: int | None
    quick: bool
    seed: int
    say: Callable[[str], None]

    def size(self, full: int, quick: int) -> int:
        """How much of something to measure."""
        return quick if self.quick else full

    def random(self, name: str) -> Random:
        """Chance that is the same for the same seed, for each use by itself."""
        return Random(f"{self.seed} {name}")


@contextlib.contextmanager
def open_place(*, quick: bool, seed: int, say: Callable[[str], None]) -> Iterator[Place]:
    """A Kafka for the time of the ``with``: the one that the settings name, or an embedded one.

    Raises:
        RescindError: it cannot be started or reached.

    """
    settings = load_settings()
    with contextlib.ExitStack() as stack:
        scratch = Path(tempfile.mkdtemp(prefix="rescind-bench-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        if settings.is_embedded:
            say("starting a Kafka")
            # Tuning is for the next start on the same folder; this one is thrown away.
            broker = EmbeddedBroker(scratch, settings.cache_dir, tune=False)
            stack.enter_context(broker)
            yield Place(Connection(broker.bootstrap), scratch, broker.pid, quick, seed, say)
        else:
            yield Place(connect(settings), scratch, None, quick, seed, say)


@dataclass(slots=True)
class Program:
    """A module that runs as a process of its own."""

    module: str
    process: "subprocess.Popen[bytes]"
    was_killed: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """End it as ``kill -9`` does: nothing of it is given back."""
        self.was_killed = True
        self.process.kill()
        self.process.wait()

    def check(self) -> None:
        """Raise if it has ended by itself."""
        code = self.process.poll()
        if code is not None and not self.was_killed:
            raise RuntimeError(f"expected {self.module} to run, but it has ended with {code}")


@contextlib.contextmanager
def started(module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator["Program"]:
    """``python -m module`` for the time of the ``with``. Ended by SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )
    try:
        program = Program(module, process)
        yield program
        program.check()
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Child:
    """A process that runs one of our functions, and the pipe to it."""

    pid: int
    pipe: "Pipe[Any, Any]"


@contextlib.contextmanager
def child(function: Callable[..., None], *arguments: object) -> Iterator[Child]:
    """Run ``function(*arguments, pipe)`` in a new process for the time of the ``with``."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=function, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        assert process.pid is not None
        yield Child(process.pid, ours)
    finally:
        ours.close()
        process.join(_END_SECONDS if sys.exc_info()[0] is None else 1)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class Spent:
    """Who has had the processors since it was made.

    A machine that is a guest says what its host has kept back while there was work: with 35 % of a
    core away, a p99 near the end of what two cores can do was twice that of a run with none away.
    """

    def __init__(self, name: str, pid: int) -> None:
        self._name, self._pid = name, pid
        self._began, self._used, self._away = time.monotonic(), cpu_seconds(pid), _away_seconds()

    def said(self) -> str:
        """The share of a core that the process took, and that the host did not give."""
        lasted = time.monotonic() - self._began
        used = (cpu_seconds(self._pid) - self._used) / lasted
        away = (_away_seconds() - self._away) / lasted
        return f"{self._name} {used:.0%} of a core, the host kept back {away:.0%}"


def _away_seconds() -> float:
    """Of all processors together. Only Linux knows it; elsewhere 0."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))
