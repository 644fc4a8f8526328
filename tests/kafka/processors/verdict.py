"""The verdict over a partition: one outcome a request, an unbroken chain, and one truth.

Read from Kafka alone, once the lifecycle is at rest: both lanes, the journal, the state topics
and what a restart would restore. Each rule is said as a sentence of what is wrong.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from rescind.events.journal import Entry, RequestsLost
from rescind.events.requests import Lane
from rescind.kafka.readers import starts
from rescind.kafka.records import Record
from rescind.processors.position import Position
from rescind.processors.restore import read_position, restore
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_finished
from rescind.statemachine.partition import Partition
from rescind.statemachine.records import open_record, public_flow, public_task
from tests.kafka.processors.service import Service
from tests.waiting import until

__all__ = ["assert_at_rest_and_right", "settled"]

LANES: tuple[Lane, ...] = ("stop", "start")


async def settled(service: Service, *, within_seconds: float = 60) -> None:
    """Wait until every request in the lanes has been taken in, and all stubs are gone."""

    async def is_settled() -> bool:
        for partition in range(service.partitions):
            position = await read_position(service.connection, service.names, partition)
            for lane in LANES:
                records = await _lane(service, lane, partition)
                last = records[-1].offset if records else -1
                if (position or Position()).of(lane).previous < last:
                    return False
        return not [p for p in range(service.partitions) if await _owes_stubs(service, p)]

    await until(is_settled, within_seconds=within_seconds)


async def _owes_stubs(service: Service, partition: int) -> bool:
    base, _ = await restore(service.connection, service.names, partition)
    return any(is_finished(flow.state) and f in base.tasks for f, flow in base.flows.items())


async def assert_at_rest_and_right(service: Service) -> None:
    """Every rule, in every partition."""
    await settled(service)
    wrong = [
        f"partition {partition}: {sentence}"
        for partition in range(service.partitions)
        for sentence in await _wrong(service, partition)
    ]
    assert not wrong, "\n".join(wrong[:20])


async def _wrong(service: Service, partition: int) -> list[str]:
    records = await service.read(service.names.journal, partition)
    entries = [service.journal.entry_of(record) for record in records]
    wrong = list(_ids(entries))
    for lane in LANES:
        offsets = [record.offset for record in await _lane(service, lane, partition)]
        kept_from = (await starts(service.connection, _topic(service, lane)))[partition]
        wrong += _sources(lane, entries, offsets, kept_from)
    folded = Draft(Partition())
    for entry in entries:
        folded.fold(entry)
    restored, position = await restore(service.connection, service.names, partition)
    wrong += await _states(service, partition, folded)
    wrong += _restored(folded, restored)
    if entries and (position is None or position.last_at_ms != entries[-1].at_ms):
        wrong.append(f"the position {position} is not that of the last entry")
    return wrong


def _ids(entries: list[Entry]) -> Iterator[str]:
    seen = set[str]()
    last_at_ms = 0
    for entry in entries:
        if entry.id in seen:
            yield f"entry {entry.id} is there twice"
        seen.add(entry.id)
        if entry.at_ms < last_at_ms:
            yield f"time runs backwards at {entry.id}"
        last_at_ms = entry.at_ms
        if (entry.source is None) is (entry.cause is None):
            yield f"entry {entry.id} has not exactly one of source and cause"


def _sources(lane: Lane, entries: list[Entry], offsets: list[int], kept_from: int) -> Iterator[str]:
    """What is wrong with the outcomes of one lane's records, of which some may be kept no more."""
    left = dict.fromkeys(offsets)
    previous = -1
    expected_nth, of = 0, 0
    for entry in entries:
        source = entry.source
        if source is None or source.lane != lane:
            continue
        if expected_nth == of:
            if source.previous != previous:
                yield f"{entry.id}: the chain of {lane} is broken, {source} after {previous}"
            expected_nth, of = 0, source.of
            previous = source.offset
            yield from _answered(lane, entry, left, kept_from)
        if (source.nth, source.of, source.offset) != (expected_nth, of, previous):
            yield f"{entry.id}: expected part {expected_nth} of {of} of {previous}, got {source}"
        expected_nth += 1
    if expected_nth != of:
        yield f"the last outcome of {lane} is not whole"
    for offset in left:
        yield f"{lane} {offset} has no outcome"


def _answered(lane: Lane, entry: Entry, left: dict[int, None], kept_from: int) -> Iterator[str]:
    assert entry.source is not None
    if isinstance(entry.event, RequestsLost):
        for offset in [o for o in left if entry.event.first <= o <= entry.event.last]:
            del left[offset]
    elif entry.source.offset in left:
        del left[entry.source.offset]
    elif entry.source.offset >= kept_from:
        yield f"{entry.id}: {lane} has no such record, or it has an outcome already"


async def _states(service: Service, partition: int, folded: Draft) -> list[str]:
    """What of the public states is not as the journal folds to."""
    flows = _last(await service.read(service.names.flow_states, partition))
    tasks = _last(await service.read(service.names.task_states, partition))
    expected_flows = {
        flow_run_id: public_flow(flow) for flow_run_id, flow in folded.flows.items() if flow
    }
    expected_tasks = {
        f"{flow_run_id}/{task_run_id}": public_task(task)
        for flow_run_id, of_flow in folded.tasks.items()
        for task_run_id, task in of_flow.items()
        if task is not None
    }
    for forgotten in [f for f, flow in folded.flows.items() if flow is None]:
        # What users read of it outlives what the lifecycle knows.
        flows.pop(forgotten, None)
        tasks = {key: value for key, value in tasks.items() if not key.startswith(f"{forgotten}/")}
    return [
        *_compare("state", _at_own_version(expected_flows, flows), flows),
        *_compare("state", expected_tasks, tasks),
    ]


def _at_own_version(folded: dict[str, bytes], written: dict[str, bytes]) -> dict[str, bytes]:
    """A flow run's record is written by its own events, its version moves with its task runs'."""
    adjusted = dict[str, bytes]()
    for key, value in folded.items():
        body: dict[str, Any] = orjson.loads(value)
        if key in written:
            body["version"] = orjson.loads(written[key])["version"]
        adjusted[key] = orjson.dumps(body)
    return adjusted


def _restored(folded: Draft, restored: Partition) -> Iterator[str]:
    """What of a restart's state is not as the journal folds to."""
    ended = {f for f, flow in folded.flows.items() if flow is None or is_finished(flow.state)}
    expected = {
        f"{f}/{t}": open_record(task)
        for f, of_flow in folded.tasks.items()
        for t, task in of_flow.items()
        if task is not None and f not in ended
    }
    tasks = {
        f"{f}/{t}": open_record(task)
        for f, of_flow in restored.tasks.items()
        for t, task in of_flow.items()
    }
    yield from _compare("open task", expected, tasks)
    yield from _compare(
        "runner",
        {r: open_record(runner) for r, runner in folded.runners.items() if runner},
        {r: open_record(runner) for r, runner in restored.runners.items()},
    )
    yield from _compare(
        "armed",
        {f: open_record(armed) for f, armed in folded.armed.items() if armed},
        {f: open_record(armed) for f, armed in restored.armed.items()},
    )
    for flow_run_id, flow in folded.flows.items():
        if flow != restored.flows.get(flow_run_id):
            yield f"open flow {flow_run_id}: {restored.flows.get(flow_run_id)}, not {flow}"


def _compare(what: str, expected: dict[str, bytes], found: dict[str, bytes]) -> Iterator[str]:
    for key in expected.keys() | found.keys():
        if expected.get(key) != found.get(key):
            yield f"{what} {key}: {found.get(key)!r}, not {expected.get(key)!r}"


def _last(records: list[Record]) -> dict[str, bytes]:
    last = dict[str, bytes]()
    for record in records:
        key = (record.key or b"").decode()
        if record.value is None:
            last.pop(key, None)
        else:
            last[key] = record.value
    return last


async def _lane(service: Service, lane: Lane, partition: int) -> list[Record]:
    return await service.read(_topic(service, lane), partition)


def _topic(service: Service, lane: Lane) -> str:
    return service.names.stop_requests if lane == "stop" else service.names.start_requests
