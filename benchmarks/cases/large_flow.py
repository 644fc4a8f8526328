"""One large flow run is cancelled: what runs is stopped, and what never started is swept.

All of it lies in one partition, so one pipeline decides all of it. What that costs others shows
by other flow runs, in every partition, that are cancelled meanwhile.
"""

import asyncio
import time
from typing import NamedTuple

from benchmarks.load.cancelling import WARM_UP, Flows, cancel_all
from benchmarks.load.taskruns import OneFlow
from benchmarks.place import Place
from benchmarks.rows import Row, latencies, percentile
from benchmarks.seeing import flows_cancelled, flows_told, runners_told, watching
from benchmarks.service import Service, serve
from benchmarks.stages import moments_of, said_of_the_slowest
from rescind.kafka.writing.sender import Sender

__all__ = ["Stopped", "run", "stop_running", "sweep_unstarted"]

OTHERS_PER_SECOND = 20
PATIENCE_SECONDS = 180


class Stopped(NamedTuple):
    """How a flow run that was running has ended, in seconds.

    Attributes:
        told: for each runner, from the cancel that is sent to the intent that is read.
        acknowledged: from the first acknowledgement that is sent until all are decided.
        ended: from the first report that is sent to the end of the flow run that is read.

    """

    told: list[float]
    acknowledged: float
    ended: float


async def run(place: Place) -> list[Row]:
    """The rows of a flow run whose task runs are all running, and of one where none is."""
    tasks, runners = place.size(100_000, 5_000), place.size(100, 10)
    rows: list[Row] = []
    async with serve(place, "large flow") as service:
        with service.worker() as pid:
            place.say(f"large_flow: {tasks:,} running task runs on {runners} runners")
            running = OneFlow(service.requests, runners, tasks)
            await service.settle(running.registering())
            await service.settle(running.starting())
            rows += _rows_of_stopped(await stop_running(service, running), tasks)
            place.say(f"large_flow: {tasks:,} task runs that have not started")
            unstarted = OneFlow(service.requests, 1, tasks)
            others = Flows(service, WARM_UP + OTHERS_PER_SECOND * place.size(20, 3))
            await service.settle(unstarted.registering())
            await service.settle(others.beginning())
            return rows + await _sweep_beside_others(service, unstarted, tasks, others, pid)


async def stop_running(service: Service, flow: OneFlow) -> Stopped:
    """Cancel it, and answer as its runners do: what each holds, and then that it has stopped."""
    reports = list(flow.ending())
    async with (
        watching(service.connection, service.names.inbox, runners_told) as told,
        watching(service.connection, service.names.cancellations, flows_cancelled) as cancelled,
        Sender(service.connection) as sender,
    ):
        asked = time.monotonic()
        sent = await sender.send(service.requests.cancel_flow(flow.id))
        await told.last_of(flow.runners, PATIENCE_SECONDS)
        answers = list(flow.acknowledging(f"stop-{sent.partition}-{sent.offset}-0"))
        answered = time.monotonic()
        end = await service.load("stop", answers)
        await service.progress.until("stop", end, PATIENCE_SECONDS)
        reported = time.monotonic()
        await service.load("stop", reports)
        ended = await cancelled.last_of([flow.id], PATIENCE_SECONDS)
    return Stopped(
        [told.at[runner] - asked for runner in flow.runners], reported - answered, ended - reported
    )


async def sweep_unstarted(service: Service, flow: OneFlow) -> tuple[float, float]:
    """Cancel a flow run of which the body alone runs; when that was asked, and when it ended."""
    async with (
        watching(service.connection, service.names.inbox, flows_told) as told,
        watching(service.connection, service.names.cancellations, flows_cancelled) as cancelled,
        Sender(service.connection) as sender,
    ):
        asked = time.monotonic()
        sender.post(service.requests.cancel_flow(flow.id))
        await told.last_of([flow.id], PATIENCE_SECONDS)
        sender.post(service.requests.finish_tasks(flow.id, flow.owner, ["body"], "cancelled"))
        return asked, await cancelled.last_of([flow.id], PATIENCE_SECONDS)


def _rows_of_stopped(stopped: Stopped, tasks: int) -> list[Row]:
    runners = len(stopped.told)
    what = f"{tasks:,} running task runs on {runners} runners"
    told_ms = [each * 1000 for each in stopped.told]
    return [
        Row(
            "large_flow", f"{what}: cancel sent to the last runner told", max(told_ms), "ms", 200,
            note=f"N 1; of the runners p50 {percentile(told_ms, 50):.1f} ms",
        ),
        Row(
            "large_flow", f"{what}: acknowledgements sent to decided", stopped.acknowledged, "s",
            note=_each(stopped.acknowledged, tasks),
        ),
        Row(
            "large_flow", f"{what}: reports sent to flow.cancelled", stopped.ended, "s", 15,
            note=_each(stopped.ended, tasks),
        ),
    ]  # fmt: skip


async def _sweep_beside_others(
    service: Service, flow: OneFlow, tasks: int, others: Flows, pid: int
) -> list[Row]:
    async with watching(service.connection, service.names.inbox, flows_told) as told:
        cancelling = asyncio.create_task(
            cancel_all(service, others, OTHERS_PER_SECOND, report=False, pid=pid)
        )
        await told.last_of(others.ids[:WARM_UP], PATIENCE_SECONDS)
        asked, ended = await sweep_unstarted(service, flow)
        done = await cancelling
        moments = await moments_of(service)
    what = f"{tasks:,} task runs that had not started"
    sent_at = {flow: at for flow, at in done.sent_at.items() if asked <= at <= ended}
    meanwhile = [(done.read_at[flow] - at) * 1000 for flow, at in sent_at.items()]
    note = f"{OTHERS_PER_SECOND} cancels/s while the sweep lasts"
    note += f"; {said_of_the_slowest(sent_at, done.read_at, moments)}"
    if done.missing:
        note += f"; {done.missing} NEVER SEEN"
    return [
        Row(
            "large_flow", f"{what}: cancel sent to flow.cancelled", ended - asked, "s", 15,
            note=_each(ended - asked, tasks),
        ),
        *latencies(
            "large_flow", "the same moments: another cancel sent to intent read", meanwhile,
            None, 35, note,
        ),
    ]  # fmt: skip


def _each(seconds: float, tasks: int) -> str:
    return f"N 1; {seconds / tasks * 1e6:.1f} µs a task run"
