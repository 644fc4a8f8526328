"""A partition's state, read back from the topics that every transaction has kept up to date.

The producer of the partition must have been started before: that fences the old owner and
settles its last transaction, so nothing moves any more while this reads to the end.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog

from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import Visit, read_to_end
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.position import POSITION_KEY, Position
from rescind.statemachine.partition import Partition
from rescind.statemachine.records import BULK_KEY, read_open
from rescind.statemachine.runs import Armed, Bulk, FlowRun, RunnerRecord, TaskRun

__all__ = ["read_position", "restore", "say_what_is_lost"]

YIELD_RECORDS = 250
"""About 5 ms: the other partitions of this worker are served meanwhile."""

_log = structlog.get_logger(__name__)


async def restore(
    connection: Connection, topics: TopicNames, partition: int
) -> tuple[Partition, Position | None]:
    """The committed state of a partition, and how far it had got (None: never begun).

    Raises:
        UnreadableStateError: a newer release has written some of it.

    """
    base = Partition()
    position: Position | None = None
    async for batch in _open_records(connection, topics, partition):
        for number, record in enumerate(batch):
            if record.key == POSITION_KEY:
                position = Position.from_json(record.value or b"")
            else:
                _put(base, record)
            if number % YIELD_RECORDS == 0:
                await asyncio.sleep(0)
    base.recount()
    if position is not None:
        base.last_at_ms = position.last_at_ms
    return base, position


async def _open_records(
    connection: Connection, topics: TopicNames, partition: int
) -> AsyncIterator[list[Record]]:
    async with Visit(connection) as visit:
        for topic in (topics.open_flows, topics.open_tasks, topics.runners):
            async for batch in visit.read_to_end(topic, partition):
                yield batch


async def read_position(
    connection: Connection, topics: TopicNames, partition: int
) -> Position | None:
    """How far a partition has got by what is committed now."""
    position: Position | None = None
    async for batch in read_to_end(connection, topics.open_flows, partition):
        for record in batch:
            if record.key == POSITION_KEY:
                position = Position.from_json(record.value or b"")
    return position


def say_what_is_lost(partition: int, committed: Position, found: Position) -> None:
    """Say so if Kafka has less now than what this process had seen committed."""
    if found.sequence < committed.sequence:
        _log.error(
            "Kafka has lost what it had committed: requests since then are decided again",
            partition=partition,
            committed=committed,
            found=found,
        )


def _put(base: Partition, record: Record) -> None:
    if record.value is None:
        _drop(base, record.topic, (record.key or b"").decode())
        return
    known = read_open(record.value)
    match known:
        case FlowRun():
            base.put_flow(known.flow_run_id, known)
            base.put_armed(known.flow_run_id, None)
        case TaskRun():
            base.put_task(known.flow_run_id, known.task_run_id, known)
        case RunnerRecord():
            base.put_runner(known.runner_id, known)
        case Armed():
            base.put_armed(known.flow_run_id, known)
            # Forgotten and armed again in one transaction: no tombstone came in between.
            base.put_flow(known.flow_run_id, None)
        case Bulk():
            base.put_bulk(known.bulk_id, known)


def _drop(base: Partition, topic: str, key: str) -> None:
    if key.startswith(BULK_KEY):
        base.put_bulk(key.removeprefix(BULK_KEY), None)
        return
    flow_run_id, slash, task_run_id = key.partition("/")
    if slash:
        base.put_task(flow_run_id, task_run_id, None)
    elif topic.endswith("runners"):
        base.put_runner(key, None)
    else:
        base.put_flow(key, None)
        base.put_armed(key, None)
