"""How long a worker takes until it serves what it finds open, and what it keeps of it in memory."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.load.openruns import open_runs
from benchmarks.load.preload import preload
from benchmarks.load.requests import some_id
from benchmarks.place import Place
from benchmarks.rows import Row
from benchmarks.service import Service, serve

__all__ = ["Restored", "restored", "run"]

PATIENCE_SECONDS = 300
GB = 1e9


class Restored(NamedTuple):
    """A worker that has taken over what was open.

    Attributes:
        seconds: from the start of its process until it has decided something in each partition.
        resident_bytes: what it has in memory then.
        peak_bytes: and at most until then.

    """

    seconds: float
    resident_bytes: int
    peak_bytes: int


@asynccontextmanager
async def restored(place: Place, tasks: int) -> AsyncIterator[tuple[Service, Restored]]:
    """A service with so many open task runs, and a worker that has just taken them over."""
    async with serve(place, f"restore {tasks}") as service:
        await preload(place.connection, open_runs(service.requests, tasks))
        # Something to decide in each partition, and by that to be seen in each.
        probe = service.requests.register_runner(some_id(service.requests.chance))
        end = await service.load("start", probe)
        began = time.monotonic()
        with service.worker() as pid:
            await service.progress.until("start", end, PATIENCE_SECONDS)
            seconds = time.monotonic() - began
            yield service, Restored(seconds, *_memory(pid))


async def run(place: Place) -> list[Row]:
    """The rows: time, memory, and what of both is one task run's."""
    tasks = place.size(1_000_000, 20_000)
    place.say("restore: nothing open")
    async with restored(place, 0) as (_, empty):
        pass
    place.say(f"restore: {tasks:,} open task runs")
    async with restored(place, tasks) as (_, full):
        pass
    seconds = max(full.seconds - empty.seconds, 1e-3)
    each = (full.resident_bytes - empty.resident_bytes) / tasks
    what = f"{tasks:,} open task runs"
    return [
        Row(
            "restore", f"{what}: worker started to all partitions served", full.seconds, "s", 30,
            note=f"N 1; {empty.seconds:.1f} s with nothing open; {tasks / seconds:,.0f} records/s",
        ),
        Row(
            "restore", f"{what}: memory of the worker at its peak", full.peak_bytes / GB, "GB", 1.5,
            note=f"{full.resident_bytes / GB:.2f} GB then; "
            f"{empty.peak_bytes / GB:.2f} GB with nothing open",
        ),
        Row("restore", f"{what}: memory of each", each, "bytes"),
    ]  # fmt: skip


def _memory(pid: int) -> tuple[int, int]:
    """What a process has in memory, and what it had at most."""
    said = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    kib = {line.split(":")[0]: line.split()[1] for line in said if line.startswith("Vm")}
    return int(kib["VmRSS"]) << 10, int(kib["VmHWM"]) << 10
