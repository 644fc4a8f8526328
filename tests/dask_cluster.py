"""A Dask cluster of somebody else's: a scheduler, and workers under nannies."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from distributed import Client

from rescind.runners.executors.processtree.identity import carriers
from rescind.runners.executors.processtree.kill import kill_until_gone
from tests.waiting import until

__all__ = ["ForeignCluster", "foreign_cluster"]

ROOT: Final = Path(__file__).parents[1]
_MARK: Final = "RESCIND_TEST_DASK"
_SECONDS_MAX: Final = 60.0
_QUIETLY: Final = ("--no-dashboard", "--host", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class ForeignCluster:
    """Where it is; its processes are children of this one."""

    address: str
    scheduler: subprocess.Popen[bytes]
    nannies: subprocess.Popen[bytes]


@contextmanager
def foreign_cluster(
    folder: Path, *, workers: int = 2, threads: int = 1
) -> Iterator[ForeignCluster]:
    """Start it, and end it with all that it has started."""
    file = folder / "scheduler.json"
    mark = secrets.token_hex(8)
    file_option = ("--scheduler-file", file)
    with (folder / "cluster.log").open("wb") as log:
        scheduler = _start(mark, log, "scheduler", *file_option, "--port", "0")
        nannies = _start(
            *(mark, log, "worker", *file_option, "--nthreads", threads, "--nworkers", workers),
            *("--local-directory", folder),
        )
    try:
        # The scheduler makes it first, and then writes it.
        _until(lambda: file.exists() and file.stat().st_size > 0)
        address = json.loads(file.read_text())["address"]
        asyncio.run(_ready(address, workers))
        yield ForeignCluster(address, scheduler, nannies)
    finally:
        # A nanny may be starting a worker this moment: looking once is not enough.
        kill_until_gone(lambda: carriers(_MARK, mark), seconds_max=_SECONDS_MAX)
        for process in (nannies, scheduler):
            process.wait()


def _start(mark: str, log: Any, kind: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *_QUIETLY]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, _MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, "no Dask scheduler came up"
        time.sleep(0.02)


async def _ready(address: str, workers: int) -> None:
    async def are_there() -> bool:
        return len(await client.nthreads()) >= workers

    async with Client(address, asynchronous=True, set_as_default=False, timeout=10) as client:
        await until(are_there, within_seconds=_SECONDS_MAX)
