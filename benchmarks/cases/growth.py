"""The same work at 1, 4 and 16 times the size: what one task run takes must not grow with it.

Printed is how many times as long each takes at the largest size as at the smallest, and the
exponent by which that grows: 0 when it stays the same, 1 when it grows as the size does and the
whole with its square.
"""

import math
import statistics
import time
from collections.abc import Mapping

from benchmarks.cases.large_flow import stop_running, sweep_unstarted
from benchmarks.cases.replay import audit, live
from benchmarks.cases.restore import restored
from benchmarks.load.taskruns import OneFlow, TaskRuns
from benchmarks.place import Place
from benchmarks.progress import rate
from benchmarks.rows import Row
from benchmarks.service import Service, serve
from rescind.events.requests import Lane
from rescind.kafka.records import OutRecord

__all__ = ["run"]

TIMES = (1, 4, 16)
TIMES_MAX = 1.3
RUNNERS = 50
ITEMS = 20

Figures = dict[str, dict[int, float]]
"""By what was done: for each size the seconds that one of them took."""


async def run(place: Place) -> list[Row]:
    """A row for each kind of work."""
    figures: Figures = {}
    await _beside_what_is_open(place, figures)
    async with serve(place, "growth") as service:
        with service.worker():
            await _in_one_flow_run(service, figures)
            await _on_more_runners(service, figures)
    await _of_a_journal(place, figures)
    return [_row(what, each) for what, each in figures.items()]


async def _beside_what_is_open(place: Place, figures: Figures) -> None:
    """Restores of so many open task runs, and starts and ends of others beside them."""
    least, tasks = place.size(50_000, 2_500), place.size(20_000, 4_000)
    async with restored(place, 0) as (_, empty):
        pass
    for size in _sizes(least):
        place.say(f"growth: beside {size:,} open task runs")
        async with restored(place, size) as (service, found):
            each = (found.seconds - empty.seconds) / size
            _note(figures, "open task runs: restore of each", size, each)
            work = TaskRuns(service.requests, tasks)
            await service.settle(work.beginning())
            begun = await _decided(service, "start", work.starting(ITEMS))
            _note(figures, "open task runs: registration or start of another", size, begun)
            ended = await _decided(service, "stop", work.finishing(ITEMS))
            _note(figures, "open task runs: end of another", size, ended)


async def _decided(service: Service, lane: Lane, requests: list[OutRecord]) -> float:
    """Let them be decided; seconds for an item."""
    begin = await service.end_of(lane)
    end = await service.load(lane, requests)
    await service.progress.until(lane, end, 300)
    return 1 / (rate(service.progress, lane, begin, end) * ITEMS)


async def _in_one_flow_run(service: Service, figures: Figures) -> None:
    """What is done to the task runs of one flow run, by how many it has."""
    for size in _sizes(service.place.size(6_250, 500)):
        service.place.say(f"growth: one flow run of {size:,} task runs")
        flow = OneFlow(service.requests, RUNNERS, size)
        await service.settle(flow.registering())
        began = time.monotonic()
        await service.settle(flow.starting())
        _note(figures, "one flow run: start", size, (time.monotonic() - began) / size)
        stopped = await stop_running(service, flow)
        _note(figures, "one flow run: all its runners told", size, max(stopped.told))
        _note(figures, "one flow run: acknowledgement", size, stopped.acknowledged / size)
        _note(figures, "one flow run: end", size, stopped.ended / size)
        unstarted = OneFlow(service.requests, 1, size)
        await service.settle(unstarted.registering())
        asked, ended = await sweep_unstarted(service, unstarted)
        _note(figures, "one flow run: swept", size, (ended - asked) / size)


async def _on_more_runners(service: Service, figures: Figures) -> None:
    """What is done to one flow run, by how many runners hold its task runs."""
    tasks, sizes = service.place.size(16_000, 3_200), _sizes(service.place.size(50, 10))
    # As the most runners can: what a request costs beside its items is no matter of runners.
    items = tasks // sizes[-1]
    for size in sizes:
        service.place.say(f"growth: one flow run on {size:,} runners")
        flow = OneFlow(service.requests, size, tasks, items)
        await service.settle(flow.registering())
        began = time.monotonic()
        await service.settle(flow.starting())
        _note(figures, "runners: start of a task run", size, (time.monotonic() - began) / tasks)
        stopped = await stop_running(service, flow)
        _note(figures, "runners: told", size, max(stopped.told) / size)
        each = stopped.acknowledged / tasks
        _note(figures, "runners: acknowledgement of a task run", size, each)
        _note(figures, "runners: end of a task run", size, stopped.ended / tasks)


async def _of_a_journal(place: Place, figures: Figures) -> None:
    """The audit, by how much has happened."""
    async with serve(place, "growing journal") as service:
        grown = 0
        for size in _sizes(place.size(5_000, 500)):
            place.say(f"growth: a journal of {size:,} task runs")
            with service.worker():
                await live(service, size - grown)
            grown = size
            _note(figures, "audit of each event", size, await _audited(service))


async def _audited(service: Service) -> float:
    """Seconds for an event; of one partition, since a large journal is shared by processes."""
    part = await audit(service, "--partition", "0")
    return part.seconds / part.events


def _sizes(least: int) -> list[int]:
    return [least * times for times in TIMES]


def _note(figures: Figures, what: str, size: int, seconds: float) -> None:
    figures.setdefault(what, {})[size] = seconds


def _row(what: str, each: Mapping[int, float]) -> Row:
    sizes, seconds = list(each), list(each.values())
    exponent = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(max(one, 1e-9)) for one in seconds]
    ).slope
    took = ", ".join(f"{one * 1e6:,.1f}" for one in seconds)
    note = f"exponent {exponent:.2f}; {took} µs at {', '.join(f'{size:,}' for size in sizes)}"
    return Row("growth", what, seconds[-1] / max(seconds[0], 1e-9), "times", TIMES_MAX, note=note)
