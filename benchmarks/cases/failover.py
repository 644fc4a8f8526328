"""A worker is killed while cancels arrive: how long until another one decides, or it does again.

Whoever is left learns of the death by the end of the dead one's session with the group; a worker
that is started again under the same name has its partitions at once.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

from benchmarks.load.cancelling import WARM_UP, Flows, cancel_all
from benchmarks.load.openruns import open_runs
from benchmarks.load.preload import preload
from benchmarks.load.requests import some_id
from benchmarks.place import Place, Program, started
from benchmarks.rows import Row
from benchmarks.seeing import flows_told, watching
from benchmarks.service import PARTITIONS, Service, serve

__all__ = ["run"]

CANCELS_PER_SECOND = 20
# Cancels still come when the partitions are served again.
ANOTHER_SECONDS = 15
AGAIN_SECONDS = 6
PATIENCE_SECONDS = 60


class Killed(NamedTuple):
    """What a kill did to those who were cancelling, in seconds.

    Attributes:
        worst: the longest from a cancel that is sent to the intent that is read.
        first: from the kill to the first decision in the last of the partitions it has hit.

    """

    worst: float
    first: float
    cancels: int
    missing: int


async def run(place: Place) -> list[Row]:
    """The rows of another worker that takes over, and of the same one that is started again."""
    return [*await _by_another(place), *await _by_itself(place)]


async def _by_another(place: Place) -> list[Row]:
    tasks, rounds = place.size(100_000, 5_000), place.size(3, 1)
    kills: list[Killed] = []
    async with serve(place, "failover") as service:
        await preload(place.connection, open_runs(service.requests, tasks))
        with ExitStack() as stack:
            old = stack.enter_context(_worker(service, 0))
            await _probe(service)
            for number in range(1, rounds + 1):
                place.say(f"failover: {tasks:,} open task runs, kill {number} of {rounds}")
                before = service.progress.producers()
                new = stack.enter_context(_worker(service, number))
                await _until_shared(service, before)
                kills.append(await _kill(service, old, ANOTHER_SECONDS))
                old = new
    return _rows(f"{tasks:,} open task runs, one of two workers killed", kills, 10)


async def _by_itself(place: Place) -> list[Row]:
    rounds = place.size(5, 2)
    kills: list[Killed] = []
    async with serve(place, "restart") as service:
        with ExitStack() as stack:
            worker = stack.enter_context(_worker(service, 0))

            def start_again() -> None:
                nonlocal worker
                worker = stack.enter_context(_worker(service, 0))

            for number in range(1, rounds + 1):
                place.say(f"failover: little open, restart {number} of {rounds}")
                kills.append(await _kill(service, worker, AGAIN_SECONDS, start_again))
    return _rows("little open, killed and started again", kills, 2)


async def _kill(
    service: Service, victim: Program, seconds: int, then: Callable[[], None] = lambda: None
) -> Killed:
    """Kill a worker among cancels that come for so long, and do what follows at once."""
    flows = Flows(service, WARM_UP + CANCELS_PER_SECOND * seconds)
    await service.settle(flows.beginning())
    async with watching(service.connection, service.names.inbox, flows_told) as told:
        cancelling = asyncio.create_task(
            cancel_all(service, flows, CANCELS_PER_SECOND, report=False, pid=None)
        )
        await told.last_of(flows.ids[:WARM_UP], PATIENCE_SECONDS)
        before, killed_ms = service.progress.producers(), time.time() * 1000
        victim.kill()
        then()
        done = await cancelling
    first_ms = _first_decisions(service, before)
    return Killed(
        max(done.told_ms) / 1000,
        (max(first_ms) - killed_ms) / 1000,
        len(done.told_ms),
        done.missing,
    )


def _first_decisions(service: Service, before: Mapping[int, str]) -> list[int]:
    """When somebody else first wrote each partition that has another writer than before."""
    found: list[int] = []
    for partition, marks in service.progress.marks.items():
        last = max(n for n, mark in enumerate(marks) if mark.producer == before[partition])
        found += [mark.at_ms for mark in marks[last + 1 : last + 2]]
    return found


async def _until_shared(service: Service, before: Mapping[int, str]) -> None:
    """Wait until a worker that has joined serves half of the partitions."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await _probe(service)
            now = service.progress.producers()
            if sum(now[p] != before[p] for p in now) == PARTITIONS // 2:
                return
            await asyncio.sleep(0.5)


async def _probe(service: Service) -> None:
    """Let something be decided in each partition."""
    await service.settle(service.requests.register_runner(some_id(service.requests.chance)))


def _worker(service: Service, number: int) -> AbstractContextManager[Program]:
    name = f"{service.environment['RESCIND_INSTANCE_ID']}-{number}"
    environment = service.environment | {"RESCIND_INSTANCE_ID": name}
    return started("benchmarks.worker", environment=environment)


def _rows(what: str, kills: list[Killed], target_seconds: float) -> list[Row]:
    cancels, missing = sum(k.cancels for k in kills), sum(k.missing for k in kills)
    note = f"{len(kills)} kills, {cancels:,} cancels, {CANCELS_PER_SECOND}/s"
    if missing:
        note = f"{missing} NEVER SEEN; {note}"
    return [
        Row(
            "failover", f"{what}: worst cancel sent to intent read",
            max(k.worst for k in kills), "s", target_seconds,
            note=f"{note}; worst of each kill {_listed([k.worst for k in kills])} s",
        ),
        Row(
            "failover", f"{what}: killed to all its partitions decide again",
            max(k.first for k in kills), "s",
            note=f"worst of {_listed([k.first for k in kills])} s",
        ),
    ]  # fmt: skip


def _listed(seconds: list[float]) -> str:
    return ", ".join(f"{each:.1f}" for each in sorted(seconds))
