"""How long it takes from a cancel that is sent to the intent that its runner reads.

Idle, at rates, and while the start lane is full: what stops work must not wait behind what
starts it. The same runs measure how long a flow run takes to end after its last report.
"""

from collections.abc import Iterator

from benchmarks.load.cancelling import Cancelled, Flows, cancel_all
from benchmarks.load.requests import some_id
from benchmarks.place import Place
from benchmarks.rows import Row, latencies
from benchmarks.service import Service, serve
from benchmarks.stages import moments_of, said_of_the_slowest
from rescind.kafka.records import OutRecord

__all__ = ["run"]

IDLE_PER_SECOND = 15
BACKLOG_FLOWS = 100
# Nobody acknowledges here: after 15 s the clocks of the first ones would be so many requests more.
RATE_SECONDS = 12


async def run(place: Place) -> list[Row]:
    """The rows of both, so that one run of each kind serves two measurements."""
    rows = await _idle(place)
    for rate in (200, 1000):
        rows += await _at(place, rate)
    return rows + await _behind_a_backlog(place)


async def _idle(place: Place) -> list[Row]:
    place.say("told: idle")
    async with serve(place, "idle") as service:
        with service.worker() as pid:
            flows = Flows(service, place.size(600, 150))
            await service.settle(flows.beginning())
            done = await cancel_all(service, flows, IDLE_PER_SECOND, report=True, pid=pid)
        said = await _said(service, done)
    return [
        *latencies("told", "cancel sent to intent read, idle", done.told_ms, 8, 35, said),
        *latencies(
            "settlement", "last report to flow.cancelled readable, idle", done.settled_ms, 10,
            note=said,
        ),
    ]  # fmt: skip


async def _at(place: Place, rate: int) -> list[Row]:
    place.say(f"told: {rate} cancels a second")
    async with serve(place, f"rate {rate}") as service:
        with service.worker() as pid:
            flows = Flows(service, rate * place.size(RATE_SECONDS, 5))
            await service.settle(flows.beginning())
            done = await cancel_all(service, flows, rate, report=False, pid=pid)
        said = await _said(service, done)
    what = f"cancel sent to intent read, {rate:,} cancels/s"
    return latencies("told", what, done.told_ms, None, 100 if rate == 1000 else None, said)


async def _behind_a_backlog(place: Place) -> list[Row]:
    backlog = place.size(1_000_000, 100_000)
    place.say(f"told: behind {backlog:,} start requests")
    async with serve(place, "backlog") as service:
        flows = Flows(service, place.size(400, 100))
        with service.worker():
            await service.settle(flows.beginning())
        place.say("told: filling the start lane")
        end = await service.load("start", _starts(service, flows, backlog))
        begin = service.progress.next("start")
        with service.worker() as pid:
            # Only when it is at it: taking the partitions over is another measurement.
            await service.progress.until("start", {p: o + 1 for p, o in begin.items()})
            rate = place.size(20, 25)
            done = await cancel_all(service, flows, rate, report=True, pid=pid)
            left = sum(end.values()) - sum(service.progress.next("start").values())
        said = await _said(service, done)
    note = f"{left:,} of {backlog:,} starts still waiting at the end; {said}"
    return [
        *latencies(
            "told", f"cancel sent to intent read, {backlog:,} starts waiting", done.told_ms,
            None, 150, note,
        ),
        *latencies(
            "settlement", f"last report to flow.cancelled readable, {backlog:,} starts waiting",
            done.settled_ms, None, 150, note,
        ),
    ]  # fmt: skip


def _starts(service: Service, flows: Flows, count: int) -> Iterator[OutRecord]:
    """Registrations and starts of task runs, of other flow runs than those that are cancelled."""
    requests = service.requests
    runner = flows.runners[0]
    busy = requests.flow_ids(BACKLOG_FLOWS)
    for flow in busy:
        yield from requests.begin_flow(flow, runner)
    for n in range(count // 2):
        task = [some_id(requests.chance)]
        yield requests.register_tasks(busy[n % len(busy)], runner, task)
        yield requests.start_tasks(busy[n % len(busy)], runner, task)


async def _said(service: Service, done: Cancelled) -> str:
    slowest = said_of_the_slowest(done.sent_at, done.read_at, await moments_of(service))
    note = f"{done.note}; {slowest}"
    return f"{done.missing} NEVER SEEN; {note}" if done.missing else note
