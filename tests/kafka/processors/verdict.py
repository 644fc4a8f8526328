"""The verdict over a service at rest: one outcome a request, an unbroken chain, and one truth.

Read from Kafka alone. At rest is who has done all that was asked, or has ended in the middle of
it: what is committed then has to be right. The journal and the states are judged by the service's
own checker; beside it this knows the lanes, and what a restart would restore.
"""

from collections.abc import Collection, Iterator

from rescind.events import levels
from rescind.events.journal import Entry, RequestsLost
from rescind.events.requests import Lane
from rescind.kafka.reading.visits import Visit
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

__all__ = ["assert_at_rest_and_right", "assert_right", "not_as_folded", "settled"]

LANES: tuple[Lane, ...] = ("stop", "start")


async def settled(service: Service, *, within_seconds: float = 60) -> None:
    """Wait until every request has been taken in, all stubs are gone, and everybody is told."""

    async def is_settled() -> bool:
        async with Visit(service.connection) as visit:
            for partition in range(service.partitions):
                position = await read_position(service.connection, service.names, partition)
                for lane in LANES:
                    records = await service.read_by(visit, _topic(service, lane), partition)
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
    service: Service, *, but: Collection[FindingCode] = frozenset(), within_seconds: float = 60
) -> None:
    """Every rule, in every partition; `but` names what a test has broken itself."""
    await settled(service, within_seconds=within_seconds)
    await assert_right(service, but=but)


async def assert_right(service: Service, *, but: Collection[FindingCode] = frozenset()) -> None:
    """The same of what is committed, while nothing moves."""
    async with Visit(service.connection) as visit:
        wrong = [
            f"partition {partition}: {sentence}"
            for partition in range(service.partitions)
            for sentence in await _wrong(service, visit, partition, but)
        ]
    assert not wrong, "\n".join(wrong[:20])


async def _wrong(
    service: Service, visit: Visit, partition: int, but: Collection[FindingCode]
) -> list[str]:
    records = await service.read_by(visit, service.names.journal, partition)
    entries = [service.journal.entry_of(record) for record in records]
    restored, position = await restore(service.connection, service.names, partition)
    auditor = Auditor(partition)
    for record, entry in zip(records, entries, strict=True):
        auditor.see(record.offset, entry)
    for topic in Topic:
        name = f"{service.names.prefix}{topic.value}"
        auditor.compare_states(topic, _last(await service.read_by(visit, name, partition)))
    for lane in LANES:
        auditor.must_reach(lane, (position or Position()).of(lane).previous)
    found = auditor.findings()
    wrong = [f"{f.code.value} {f.where}: {f.message}" for f in found if f.code not in but]
    for lane in LANES:
        taken = (position or Position()).of(lane).next
        lane_topic = _topic(service, lane)
        lying = [record.offset for record in await service.read_by(visit, lane_topic, partition)]
        offsets = [offset for offset in lying if offset < taken]
        kept_from = (await visit.starts(lane_topic))[partition]
        wrong += _unanswered(lane, entries, offsets, kept_from)
    folded = Draft(Partition())
    for entry in entries:
        folded.fold(entry)
    wrong += not_as_folded(folded, restored)
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


def not_as_folded(folded: Draft, restored: Partition) -> Iterator[str]:
    """What of a restart's state is not as the journal folds to."""
    ended = {f for f, flow in folded.flows.items() if flow is None or is_finished(flow.state)}
    open_tasks = dict[str, bytes]()
    # Of a flow run that has ended, and dropped one by one.
    stubs = dict[str, bytes]()
    for f, of_flow in folded.tasks.items():
        for t, task in of_flow.items():
            if task is not None:
                is_stub = f in ended and not is_running(task.state)
                (stubs if is_stub else open_tasks)[f"{f}/{t}"] = open_record(task, levels.NEWEST)
    tasks = {
        f"{f}/{t}": open_record(task, levels.NEWEST)
        for f, of_flow in restored.tasks.items()
        for t, task in of_flow.items()
    }
    for key in open_tasks.keys() | tasks.keys():
        expected = open_tasks.get(key, stubs.get(key))
        if expected != tasks.get(key):
            yield f"open task {key}: {tasks.get(key)!r}, not {expected!r}"
    # Whole values, with what is counted and derived.
    for pairs in (
        (folded.flows, restored.flows),
        (folded.runners, restored.runners),
        (folded.armed, restored.armed),
        (folded.bulks, restored.bulks),
    ):
        fold, found = pairs
        for key in fold.keys() | found.keys():
            if fold.get(key) != found.get(key):
                yield f"{key}: {found.get(key)}, not {fold.get(key)}"


def _last(records: list[Record]) -> list[tuple[str, bytes]]:
    last = dict[str, bytes]()
    for record in records:
        key = (record.key or b"").decode()
        last.pop(key, None)
        if record.value is not None and record.key != POSITION_KEY:
            last[key] = record.value
    return list(last.items())


def _topic(service: Service, lane: Lane) -> str:
    return service.names.stop_requests if lane == "stop" else service.names.start_requests
