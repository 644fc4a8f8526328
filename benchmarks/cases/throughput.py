"""How many requests a second one worker decides, beside a loop that decides nothing.

Both find the same requests in the lane and take turns in rounds. Registrations and starts are
read from the start lane; the ends, from the stop lane, are a measurement of their own. And how
many it decides while they come, from a load generator on the same cores.
"""

import statistics
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from benchmarks.load.offering import offered
from benchmarks.load.rawloop import Shape, Written, run_raw_loop, what_was_written
from benchmarks.load.taskruns import TaskRuns
from benchmarks.place import Place, child, cpu_seconds
from benchmarks.progress import Progress, rate
from benchmarks.rows import Row
from benchmarks.service import Service, serve, topics_of_its_own
from rescind.events.requests import Lane
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.lifecycle import ITEMS_MAX

__all__ = ["run"]

SHARE_OF_RAW = 0.6


class Pass(NamedTuple):
    """One pass over a lane, by the lifecycle and then by the loop; rates are items a second."""

    what: str
    items: int
    lifecycle: float
    raw: float
    cpu_us: float
    records: float

    @property
    def share(self) -> float:
        return self.lifecycle / self.raw


async def run(place: Place) -> list[Row]:
    """The rows: share of the raw loop and rate, with requests of one item and of 100."""
    passes: list[Pass] = []
    rounds = place.size(4, 2)
    for number in range(rounds):
        place.say(f"throughput: round {number + 1} of {rounds}")
        passes += await _round(place, number, 1, place.size(80_000, 20_000))
    place.say("throughput: 100 items in a request")
    for number in range(rounds, rounds + place.size(2, 1)):
        passes += await _round(place, number, 100, place.size(200_000, 50_000))
    rows = [row for what in dict.fromkeys(p.what for p in passes) for row in _rows(passes, what)]
    return rows + await offered(place)


def _rows(passes: list[Pass], what: str) -> list[Row]:
    these = [each for each in passes if each.what == what]
    first = these[0]
    shares = sorted(each.share for each in these)
    raw = statistics.median(each.raw for each in these)
    cpu = statistics.median(each.cpu_us for each in these)
    unit = "requests/s" if first.items == 1 else "items/s"
    rounds = f"{len(these)} rounds, {shares[0]:.2f} to {shares[-1]:.2f}; raw loop {raw:,.0f} {unit}"
    return [
        Row(
            "throughput",
            f"{what}: share of the raw loop",
            statistics.median(shares),
            "",
            SHARE_OF_RAW if first.items == 1 else None,
            lower_is_better=False,
            note=f"{rounds}; {first.records:.1f} records written an item",
        ),
        Row(
            "throughput",
            what,
            statistics.median(each.lifecycle for each in these),
            unit,
            note=f"lane full beforehand; the worker takes {cpu:.1f} µs of processor an item",
        ),
    ]


async def _round(place: Place, number: int, items: int, tasks: int) -> list[Pass]:
    async with serve(place, f"throughput {number}") as service:
        work = TaskRuns(service.requests, tasks)
        with service.worker():
            await service.settle(work.beginning())
        each = "one item" if items == 1 else f"{items} items"
        starting = await _pass(service, "start", work.starting(items), items)
        finishing = await _pass(service, "stop", work.finishing(items), items)
        return [
            starting._replace(what=f"registrations and starts of {each}"),
            finishing._replace(what=f"ends of {each}"),
        ]


async def _pass(service: Service, lane: Lane, requests: list[OutRecord], items: int) -> Pass:
    outputs = _outputs(service.names)
    begin = await service.end_of(lane)
    before = {topic: (await ends(service.connection, topic))[0] for topic in outputs}
    end = await service.load(lane, requests)
    cpu = await _decide_all(service, lane, begin, end)
    lifecycle = rate(service.progress, lane, begin, end)
    shapes = await what_was_written(service.connection, outputs, before, end[0] - begin[0])
    raw = await _write_all(service, requests[0].topic, begin, end, shapes, ITEMS_MAX // items)
    records = sum(shape.records for shape in shapes) / items
    return Pass("", items, lifecycle * items, raw * items, cpu / items * 1e6, records)


async def _decide_all(
    service: Service, lane: Lane, begin: Mapping[int, int], end: Mapping[int, int]
) -> float:
    """Let a worker decide them; the processor seconds that it takes for each."""
    progress = service.progress
    with service.worker() as pid:
        await progress.until(lane, {p: offset + 1 for p, offset in begin.items()}, 60)
        done, cpu = sum(progress.next(lane).values()), cpu_seconds(pid)
        await progress.until(lane, end, 300)
        return (cpu_seconds(pid) - cpu) / (sum(progress.next(lane).values()) - done)


async def _write_all(
    service: Service,
    topic: str,
    begin: Mapping[int, int],
    end: Mapping[int, int],
    shapes: list[Shape],
    requests_max: int,
) -> float:
    """Let the raw loop write the same; its rate."""
    async with (
        topics_of_its_own(service.place, len(begin)) as copies,
        Progress(service.connection, copies) as progress,
    ):
        moved = [_moved(shape, service.names, copies) for shape in shapes]
        position = copies.open_flows
        arguments = (service.connection, topic, begin, end, moved, position, requests_max)
        with child(run_raw_loop, *arguments) as process:
            written: Written = process.pipe.recv()
            await progress.until("start", end, 60)
        requests = sum(end.values()) - sum(begin.values())
        wanted = sum(shape.value_bytes for shape in shapes) * requests
        if abs(written.value_bytes / wanted - 1) > 0.05:
            raise RuntimeError(f"expected {wanted:,.0f} bytes from the loop, but got {written}")
        return rate(progress, "start", begin, end)


def _outputs(names: TopicNames) -> list[str]:
    return [
        names.journal,
        names.flow_states,
        names.task_states,
        names.cancellations,
        names.open_flows,
        names.open_tasks,
        names.runners,
        names.inbox,
    ]


def _moved(shape: Shape, names: TopicNames, copies: TopicNames) -> Shape:
    return replace(shape, topic=copies.prefix + shape.topic.removeprefix(names.prefix))
