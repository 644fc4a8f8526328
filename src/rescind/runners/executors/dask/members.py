"""What the processes of a cluster of our own do: one is its scheduler, the others are workers.

They start side by side and find each other by files in the cluster's folder: the scheduler writes
its address into one, and the runner, once it listens, writes it into another one that the workers
wait for. So the imports of all of them, the most of a start, are done at the same time.
"""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Final

from dask import config
from distributed import Scheduler, Worker

from rescind.runners.executors.dask.calling import TOPIC

__all__ = ["ADDRESS", "GO", "be_scheduler", "be_worker", "write_whole"]

ADDRESS: Final = "scheduler"  #: the file with the scheduler's address
GO: Final = "go"  #: the same, once somebody listens for workers that are ready

_HOST: Final = "127.0.0.1"
_LOOK_SECONDS: Final = 0.01

# No dashboard, no HTTP, no profiler, nobody who moves work: a worker has one task at a time. And a
# worker that does not answer is no dead one: its supervisor sees to that.
_PLAINLY: Final[dict[str, bool | tuple[()] | None]] = {
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.http.routes": (),
    "distributed.worker.http.routes": (),
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.worker-ttl": None,
}


def be_scheduler(folder: str) -> None:
    """Schedule, until it is killed."""
    # What it would say of workers that come and are killed, the runner says in its own words.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with config.set(_PLAINLY):
        asyncio.run(_schedule(Path(folder)))


def be_worker(folder: str, runner: str, name: str) -> None:
    """Work, until it is killed or the scheduler is gone."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    address = _wait_for(Path(folder) / GO)
    with config.set(_PLAINLY):
        asyncio.run(_work(address, folder, runner, name))


async def _schedule(folder: Path) -> None:
    scheduler = Scheduler(
        host=_HOST,
        port=0,
        dashboard=False,
        dashboard_address=f"{_HOST}:0",
        # What began on a worker that is lost is not begun again on another one.
        allowed_failures=0,
    )
    async with scheduler:
        write_whole(folder / ADDRESS, scheduler.address)
        await scheduler.finished()


async def _work(address: str, folder: str, runner: str, name: str) -> None:
    worker = Worker(
        address,
        host=_HOST,
        nthreads=1,
        name=name,
        memory_limit=0,  # No limit: Dask would pause work, or spill it to disk.
        local_directory=folder,
        dashboard=False,
    )
    async with worker:
        ready = {"runner": runner, "ready": name, "worker": worker.address, "pid": os.getpid()}
        worker.log_event(TOPIC, ready)
        await worker.finished()


def write_whole(path: Path, text: str) -> None:
    """Write it so that whoever finds it finds all of it."""
    beside = path.with_suffix(".part")
    beside.write_text(text)
    beside.rename(path)


def _wait_for(path: Path) -> str:
    # Its supervisor ends it if nobody wants it any more.
    while not path.exists():
        time.sleep(_LOOK_SECONDS)
    return path.read_text()
