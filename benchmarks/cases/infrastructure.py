"""From the order to end a job to nothing of it in the process table: of each kind that is here.

The kinds, and their jobs, are those of the contract that infrastructure is held against; what is
not reached from here is named and left out. Whatever the backend says of the end, the table of this
host is asked for the processes that carry the job's mark.
"""

import asyncio
import time
from typing import Final

import pytest

from benchmarks.place import Place
from benchmarks.rows import Row, latencies
from rescind.runners.infrastructure.kinds import KINDS
from tests.contract.infrastructure.places import Place as Jobs
from tests.contract.infrastructure.places import place_of

__all__ = ["run"]

_GIVES_WAY: Final = "trap 'exit 0' TERM; sleep 600 & wait"
_GRACE_SECONDS: Final = 5.0
_SECONDS_MAX: Final = 60.0
_LOOK_SECONDS: Final = 0.001


async def run(place: Place) -> list[Row]:
    """Two rows for each kind that can be reached: asked to end, and killed."""
    rows: list[Row] = []
    for kind in KINDS:
        place.say(f"infrastructure: {kind}")
        try:
            with place_of(kind) as jobs:
                count = place.size(20, 3)
                rows += await _rows(jobs, kind, "asked, and gives way", _GRACE_SECONDS, count)
                rows += await _rows(jobs, kind, "killed", 0, count)
        except pytest.skip.Exception as reason:
            place.say(f"infrastructure: {kind} is left out: {reason}")
    return rows


async def _rows(jobs: Jobs, kind: str, what: str, grace_seconds: float, count: int) -> list[Row]:
    gone_ms: list[float] = []
    for _ in range(count):
        handle = await jobs.running(_GIVES_WAY)
        began = time.monotonic()
        ending = asyncio.create_task(jobs.stop(handle, grace_seconds))
        while jobs.processes(handle):
            if time.monotonic() > began + _SECONDS_MAX:
                raise TimeoutError(f"a {kind} still runs {_SECONDS_MAX:.0f} s after it was ended")
            await asyncio.sleep(_LOOK_SECONDS)
        gone_ms.append((time.monotonic() - began) * 1000)
        await ending
    return latencies("infrastructure", f"{kind}: {what}, to nothing of it in the table", gone_ms)
