"""Flow runs that are cancelled by an open loop while everything is watched from outside.

What `told` and `settlement` share: flow runs with a body on a runner, their cancels, and, a
while later, the reports that the bodies have ended.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import NamedTuple

from benchmarks.load.requests import some_id
from benchmarks.load.sending import Departures, arrivals, send_by_the_clock
from benchmarks.place import Spent, child
from benchmarks.rows import percentile
from benchmarks.seeing import flows_cancelled, flows_told, watching
from benchmarks.service import Service
from rescind.kafka.records import OutRecord

__all__ = ["WARM_UP", "Cancelled", "Flows", "cancel_all"]

RUNNERS = 10
# Long enough that nothing of the cancel is on its way any more when the report is sent.
REPORT_AFTER_SECONDS = 1.0
# The first of them meet cold code and connections.
WARM_UP = 20


class Flows:
    """Flow runs, each with its runner."""

    def __init__(self, service: Service, count: int) -> None:
        self.requests = service.requests
        self.runners = [some_id(self.requests.chance) for _ in range(RUNNERS)]
        self.ids = self.requests.flow_ids(count)
        self.runner_of = {flow: self.runners[n % RUNNERS] for n, flow in enumerate(self.ids)}

    def beginning(self) -> Iterator[OutRecord]:
        """What registers the runners, and registers and starts the flow runs."""
        for runner in self.runners:
            yield from self.requests.register_runner(runner)
        for flow, runner in self.runner_of.items():
            yield from self.requests.begin_flow(flow, runner)


class Cancelled(NamedTuple):
    """What was seen of a run of cancels, latencies in milliseconds without the warm-up.

    Attributes:
        told_ms: cancel sent until the intent was read.
        settled_ms: last report sent until the end of the flow run was read.
        sent_at: when each cancel of these was sent, by flow run, in seconds of the monotonic clock.
        read_at: when its intent was read, the same.
        note: about the load: the rate that it reached and how late it was.

    """

    told_ms: list[float]
    settled_ms: list[float]
    sent_at: dict[str, float]
    read_at: dict[str, float]
    missing: int
    seconds: float
    note: str


async def cancel_all(
    service: Service, flows: Flows, rate: float, *, report: bool, pid: int | None
) -> Cancelled:
    """Cancel them all, so many a second; with `report` their bodies end a while later.

    `pid` is of the worker whose share of a processor is noted; None where it is killed meanwhile.
    """
    moments = arrivals(service.requests.chance, rate, len(flows.ids), 0.5)
    plan = [(m, flow, "told") for m, flow in zip(moments, flows.ids, strict=True)]
    if report:
        plan += [(m + REPORT_AFTER_SECONDS, flow, "settled") for m, flow, _ in plan]
    plan.sort()
    records = [(moment, _record(flows, flow, what)) for moment, flow, what in plan]
    async with AsyncExitStack() as stack:
        names = service.names
        told = await stack.enter_async_context(
            watching(service.connection, names.inbox, flows_told)
        )
        settled = await stack.enter_async_context(
            watching(service.connection, names.cancellations, flows_cancelled)
        )
        loop = stack.enter_context(child(send_by_the_clock, service.connection, records))
        await asyncio.to_thread(loop.pipe.recv)
        spent = None if pid is None else Spent("worker", pid)
        began = time.monotonic()
        loop.pipe.send(began)
        departures: Departures = await asyncio.to_thread(loop.pipe.recv)
        await told.all_of(flows.ids, 60)
        if report:
            await settled.all_of(flows.ids, 60)
        seconds = time.monotonic() - began
        shares = "" if spent is None else f"; {spent.said()}"
    sent = {(what, flow): at for (_, flow, what), at in zip(plan, departures.sent_at, strict=True)}
    counted = flows.ids[WARM_UP:]
    sent_at = {f: sent["told", f] for f in counted if f in told.at}
    told_ms = [(told.at[f] - at) * 1000 for f, at in sent_at.items()]
    settled_ms = [
        (settled.at[f] - sent["settled", f]) * 1000 for f in counted if report and f in settled.at
    ]
    missing = len(counted) - len(told_ms) + report * (len(counted) - len(settled_ms))
    late_ms = percentile(departures.late_ms, 99)
    note = f"sent p99 {late_ms:.1f} ms late{shares}"
    return Cancelled(told_ms, settled_ms, sent_at, told.at, missing, seconds, note)


def _record(flows: Flows, flow: str, what: str) -> OutRecord:
    if what == "told":
        return flows.requests.cancel_flow(flow)
    return flows.requests.finish_tasks(flow, flows.runner_of[flow], ["body"], "cancelled")
