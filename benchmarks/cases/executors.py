"""From an intent that a runner reads to the work that learns of it, and to the work that is gone.

By executor, in real flow runs; and what a task run costs beside the executor alone. What has no
interrupt for a call has a flag, and the row says so.
"""

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.load.executing import (
    EXECUTORS,
    FLAG_ALONE,
    Noticed,
    notice_cancels,
    run_bare,
    run_short_tasks,
)
from benchmarks.load.trees import killed_ms
from benchmarks.place import Place, child
from benchmarks.rows import Row, latencies
from benchmarks.service import Service, serve
from rescind.kafka.writing.sender import Sender

__all__ = ["run"]

BENCH: Final = "executors"
RUN_SECONDS: Final = (0.05, 0.25)
AT_WORK_SECONDS_MAX: Final = 60
SHORT_A_MINUTE: Final = 10_000
# A cluster takes some seconds to start, and as long to be ended.
_SLOW: Final = frozenset({"dask"})
_KILLING: Final = ("process", "dask")
_WITH_MANY: Final = ("thread", "process")


async def run(place: Place) -> list[Row]:
    """For each executor, its rows."""
    rows: list[Row] = []
    for name in EXECUTORS:
        place.say(f"executors: {name}, told")
        count = place.size(12, 4) if name in _SLOW else place.size(100, 10)
        async with serve(place, f"executors {name}") as service:
            with service.worker():
                rows += await _noticed(service, name, count)
    for name in _KILLING:
        place.say(f"executors: {name}, killed")
        count = place.size(10, 3) if name in _SLOW else place.size(60, 5)
        took = await _in_a_child(killed_ms, name, count)
        rows += latencies(BENCH, f"{name}: killed, to nothing of its tree in the table", took)
    for name in _WITH_MANY:
        place.say(f"executors: {name}, short task runs")
        async with serve(place, f"short {name}") as service:
            with service.worker():
                rows += await _short(service, name, place.size(10_000, 1_000))
    return rows


async def _noticed(service: Service, name: str, count: int) -> list[Row]:
    ids = service.requests.flow_ids(count + 1)
    chance = service.requests.chance
    folder = service.place.scratch / f"executors-{name}"
    folder.mkdir()
    noticed_ms: list[float] = []
    async with Sender(service.connection) as sender:
        with child(notice_cancels, _where(service), name, ids, folder) as process:
            for flow_run_id in ids:
                await asyncio.to_thread(_until_there, folder / f"{flow_run_id}.began")
                await asyncio.sleep(chance.uniform(*RUN_SECONDS))
                sender.post(service.requests.cancel_flow(flow_run_id))
                found: Noticed = await asyncio.to_thread(process.pipe.recv)
                noticed_ms.append((found.noticed_at - found.told_at) * 1000)
    what = "the flag seen in user code" if name in FLAG_ALONE else "user code interrupted"
    # The first is a warm-up.
    return latencies(BENCH, f"{name}: intent read to {what}", noticed_ms[1:])


async def _short(service: Service, name: str, count: int) -> list[Row]:
    (flow_run_id,) = service.requests.flow_ids(1)
    with child(run_short_tasks, _where(service), name, flow_run_id, count) as process:
        seconds: float = await asyncio.to_thread(process.pipe.recv)
    bare = await _in_a_child(run_bare, name, count)
    a_minute = count / seconds * 60
    each_ms, bare_ms = (1000 * took / count for took in (seconds, bare))
    what = f"{name}: short task runs"
    return [
        Row(
            BENCH,
            f"{what} of one runner",
            a_minute,
            "a minute",
            SHORT_A_MINUTE,
            lower_is_better=False,
            note=f"{count:,} of one flow run, from the first submit to the last result",
        ),
        Row(
            BENCH,
            f"{what}: of each, beside the executor alone",
            each_ms - bare_ms,
            "ms",
            note=f"{each_ms:.2f} ms in a flow run, {bare_ms:.3f} ms in the executor alone",
        ),
    ]


def _where(service: Service) -> tuple[str, str]:
    return service.connection.bootstrap, service.names.prefix


def _until_there(path: Path) -> None:
    end = time.monotonic() + AT_WORK_SECONDS_MAX
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"no task run was at work after {AT_WORK_SECONDS_MAX} s")
        time.sleep(0.005)


async def _in_a_child(function: Any, *arguments: object) -> Any:
    """What a function returns in a process of its own: signals are its main thread's."""
    with child(partial(_answer, function), *arguments) as process:
        return await asyncio.to_thread(process.pipe.recv)


def _answer(function: Any, *arguments: Any) -> None:
    *arguments_of_it, pipe = arguments
    pipe.send(function(*arguments_of_it))
