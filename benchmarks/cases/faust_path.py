"""The same fan-out twice in one run: by the transactional writer, and as a Faust agent.

Why the lifecycle is no agent, to be checked by anybody. The same requests at the same moments
go to either of them in turns; each flow run has four runners, and a runner counts as told when
it has read its intent. The writer validates, decides, journals and keeps states besides; the
agent does nothing of that.
"""

import asyncio
import time
from collections.abc import Iterator

import orjson

from benchmarks.load.requests import some_id
from benchmarks.load.sending import Departures, arrivals, send_by_the_clock
from benchmarks.place import Place, child, started
from benchmarks.rows import Row, latencies, percentile
from benchmarks.seeing import flows_told, watching
from benchmarks.service import PARTITIONS, Service, serve, topics_of_its_own
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames

__all__ = ["run"]

RUNNERS_OF_A_FLOW = 4
RATES = (5, 50, 500)
SECONDS = {5: (24, 8), 50: (12, 6), 500: (8, 5)}
WARM_UP = 10
# A path that has fallen behind is not waited for until it has caught up.
PATIENCE_SECONDS = 20


async def run(place: Place) -> list[Row]:
    """Rows without targets, by rate and path."""
    rows: list[Row] = []
    for rate in RATES:
        place.say(f"faust_path: {rate} cancels a second")
        count = WARM_UP + rate * SECONDS[rate][place.quick]
        async with serve(place, f"faust {rate}") as service:
            flows = service.requests.flow_ids(count)
            runners = [some_id(service.requests.chance) for _ in range(RUNNERS_OF_A_FLOW)]
            moments = arrivals(service.requests.chance, rate, count, 0.5)
            with service.worker():
                await service.settle(_beginning(service, flows, runners))
                plan = [
                    (at, _asking(service.requests.cancel_flow(flow), runners))
                    for at, flow in zip(moments, flows, strict=True)
                ]
                rows += await _measure(service, service.names, plan, f"writer, {rate} cancels/s")
            rows += await _as_agent(service, plan, f"Faust agent, {rate} cancels/s")
    return rows


async def _as_agent(service: Service, plan: list[tuple[float, OutRecord]], what: str) -> list[Row]:
    async with topics_of_its_own(service.place, PARTITIONS) as names:
        environment = service.environment | {"RESCIND_TOPIC_PREFIX": names.prefix}
        with started("benchmarks.load.faust_agent", environment=environment):
            own = [(at, record._replace(topic=names.stop_requests)) for at, record in plan]
            await _until_it_answers(service, names, own[0][1])
            return await _measure(service, names, own, what)


async def _until_it_answers(service: Service, names: TopicNames, example: OutRecord) -> None:
    """Its group needs seconds; a request of no counted flow run shows when it is there."""
    probes = [example._replace(partition=partition) for partition in range(PARTITIONS)]

    def partition_of(record: Record) -> list[str]:
        return [str(record.partition)]

    async with watching(service.connection, names.inbox, partition_of) as seen:
        with child(send_by_the_clock, service.connection, [(0.0, p) for p in probes]) as loop:
            await asyncio.to_thread(loop.pipe.recv)
            loop.pipe.send(time.monotonic())
            await asyncio.to_thread(loop.pipe.recv)
        await seen.all_of([str(partition) for partition in range(PARTITIONS)], 60)


async def _measure(
    service: Service, names: TopicNames, plan: list[tuple[float, OutRecord]], what: str
) -> list[Row]:
    flows = [(record.key or b"").decode() for _, record in plan]
    runners: list[str] = orjson.loads(plan[0][1].value or b"")["runners"]

    def each_told(record: Record) -> list[str]:
        return [f"{flow}/{(record.key or b'').decode()}" for flow in flows_told(record)]

    async with watching(service.connection, names.inbox, each_told) as told:
        with child(send_by_the_clock, service.connection, plan) as loop:
            await asyncio.to_thread(loop.pipe.recv)
            loop.pipe.send(time.monotonic())
            departures: Departures = await asyncio.to_thread(loop.pipe.recv)
            expected = [f"{flow}/{runner}" for flow in flows for runner in runners]
            await told.all_of(expected, PATIENCE_SECONDS)
    values = [
        (told.at[f"{flow}/{runner}"] - sent) * 1000
        for flow, sent in list(zip(flows, departures.sent_at, strict=True))[WARM_UP:]
        for runner in runners
        if f"{flow}/{runner}" in told.at
    ]
    missing = (len(flows) - WARM_UP) * len(runners) - len(values)
    late_ms = percentile(departures.late_ms, 99)
    note = f"{len(runners)} runners a flow run; sent p99 {late_ms:.1f} ms late"
    if missing:
        all_of = missing + len(values)
        note += f"; {missing:,} of {all_of:,} not told {PATIENCE_SECONDS} s after the last"
    return latencies("faust_path", what, values, note=note)


def _asking(record: OutRecord, runners: list[str]) -> OutRecord:
    """The writer ignores fields that it does not know; the agent reads its runners there."""
    body = orjson.loads(record.value or b"")
    return record._replace(value=orjson.dumps(body | {"runners": runners}))


def _beginning(service: Service, flows: list[str], runners: list[str]) -> Iterator[OutRecord]:
    requests = service.requests
    for runner in runners:
        yield from requests.register_runner(runner)
    for flow in flows:
        yield from requests.begin_flow(flow, runners[0])
        for runner in runners[1:]:
            task = [some_id(requests.chance)]
            yield requests.register_tasks(flow, runner, task)
            yield requests.start_tasks(flow, runner, task)
