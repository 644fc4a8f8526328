"""The verdict over a service at rest: one outcome a request, an unbroken chain, and one truth.

Read from Kafka alone. The journal and the states are judged by the service's own checker; beside
it this knows the lanes, and what a restart would restore.
"""

from collections.abc import Collection, Iterator

from rescind.events.journal import Entry, RequestsLost
from rescind.events.requests import Lane
from rescind.kafka.readers import starts
from rescind.kafka.records import Record
from rescind.processors.lifecycle.position import POSITION_KEY, Position
from rescind.processors.pipeline.restore import read_position, restore
from rescind.statemachine.audit import Auditor, FindingCode, Topic
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_finished, is_running
from rescind.statemachine.families import all_errands
from rescind.statemachine.partition import Partition
from rescind.statemachine.records import open_record
from tests.kafka.processors.service import Service
from tests.waiting import until

__all__ = ["assert_at_rest_and_right", "settled"]

LANES: tuple[Lane, ...] = ("stop", "start")


async def settled(service: Service, *, within_seconds: float = 60) -> None:
    """Wait until every request has been taken in, all stubs are gone, and everybody is told."""

    async def is_settled() -> bool:
        for partition in range(service.partitions):
            position = await read_position(service.connection, service.names, partition)
            for lane in LANES:
                records = await _lane(service, lane, partition)
                last = records[-1].offset if records else -1
                if (position or Position()).of(lane).previous < last:
                    return False
        return not [p for p in range(service.partitions) if await _owes_more(service, p)]

    await until(is_settled, within_seconds=within_seconds)


async def _owes_more(service: Service, partition: int) -> bool:
    base, _ = await restore(service.connection, service.names, partition)
    ended = [base.tasks.get(f, {}) for f, flow in base.flows.items() if is_finished(flow.state)]
    stubs = [task for tasks in ended for task in tasks.values() if is_finished(task.state)]
    return bool(stubs or all_errands(base))


async def assert_at_rest_and_right(
    service: Service, *, but: Collection[FindingCode] = frozenset()
) -> None:
    """Every rule, in every partition; `but` names what a test has broken itself."""
    await settled(service)
    wrong = [
        f"partition {partition}: {sentence}"
        for partition in range(service.partitions)
        for sentence in await _wrong(service, partition, but)
    ]
    assert not wrong, "\n".join(wrong[:20])


async def _wrong(service: Service, partition: int, but: Collection[FindingCode]) -> list[str]:
    records = await service.read(service.names.journal, partition)
    entries = [service.journal.entry_of(record) for record in records]
    restored, position = await restore(service.connection, service.names, partition)
    auditor = Auditor(partition)
    for record, entry in zip(records, entries, strict=True):
        auditor.see(record.offset, entry)
    for topic in Topic:
        name = f"{service.names.prefix}{topic.value}"
        auditor.compare_states(topic, _last(await service.read(name, partition)))
    for lane in LANES:
        auditor.must_reach(lane, (position or Position()).of(lane).previous)
    found = auditor.findings()
    wrong = [f"{f.code.value} {f.where}: {f.message}" for f in found if f.code not in but]
    for lane in LANES:
        offsets = [record.offset for record in await _lane(service, lane, partition)]
        kept_from = (await starts(service.connection, _topic(service, lane)))[partition]
        wrong += _unanswered(lane, entries, offsets, kept_from)
    wrong += _restored(entries, restored)
    if entries and (position is None or position.last_at_ms != entries[-1].at_ms):
        wrong.append(f"the position {position} is not that of the last entry")
    return wrong


def _unanswered(
    lane: Lane, entries: list[Entry], offsets: list[int], kept_from: int
) -> Iterator[str]:
    """Records of a lane without an outcome, and outcomes without a record."""
    answered = set[int]()
    for entry in entries:
        if entry.source is not None and entry.source.lane == lane:
            answered.add(entry.source.offset)
            if isinstance(entry.event, RequestsLost):
                answered.difference_update(range(entry.event.first, entry.event.last + 1))
    there = set(offsets)
    for offset in sorted(there - answered):
        yield f"{lane} {offset} has no outcome"
    for offset in sorted(answered - there):
        if offset >= kept_from:
            yield f"{lane} {offset} has an outcome, and is not there"


def _restored(entries: list[Entry], restored: Partition) -> Iterator[str]:
    """What of a restart's state is not as the journal folds to."""
    folded = Draft(Partition())
    for entry in entries:
        folded.fold(entry)
    ended = {f for f, flow in folded.flows.items() if flow is None or is_finished(flow.state)}
    open_tasks = {
        f"{f}/{t}": open_record(task)
        for f, of_flow in folded.tasks.items()
        for t, task in of_flow.items()
        if task is not None and (f not in ended or is_running(task.state))
    }
    tasks = {
        f"{f}/{t}": open_record(task)
        for f, of_flow in restored.tasks.items()
        for t, task in of_flow.items()
    }
    for key in open_tasks.keys() | tasks.keys():
        if open_tasks.get(key) != tasks.get(key):
            yield f"open task {key}: {tasks.get(key)!r}, not {open_tasks.get(key)!r}"
    # Whole values, with what is counted and derived.
    for pairs in (
        (folded.flows, restored.flows),
        (folded.runners, restored.runners),
        (folded.armed, restored.armed),
    ):
        expected, found = pairs
        for key in expected.keys() | found.keys():
            if expected.get(key) != found.get(key):
                yield f"{key}: {found.get(key)}, not {expected.get(key)}"


def _last(records: list[Record]) -> list[tuple[str, bytes]]:
    last = dict[str, bytes]()
    for record in records:
        key = (record.key or b"").decode()
        last.pop(key, None)
        if record.value is not None and record.key != POSITION_KEY:
            last[key] = record.value
    return list(last.items())


async def _lane(service: Service, lane: Lane, partition: int) -> list[Record]:
    return await service.read(_topic(service, lane), partition)


def _topic(service: Service, lane: Lane) -> str:
    return service.names.stop_requests if lane == "stop" else service.names.start_requests
