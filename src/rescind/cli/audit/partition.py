"""One partition of a running service, shown to an `Auditor`.

The order matters while the service writes on: the journal to its end, then the states, which may
be ahead of that by now, then the journal up to its end after they were read. A run that changes
every moment agrees at some step in between, or never.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rescind.errors import JournalError
from rescind.events.journal import Entry
from rescind.events.requests import Lane
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import PartitionReader
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit
from rescind.kafka.topics import TopicNames

if TYPE_CHECKING:
    # The state machine needs an extra; whoever only asks and looks does without.
    from rescind.statemachine.audit import Auditor, Finding, Topic

__all__ = ["Audited", "audit_partition"]

# An orphaned task run of a lost runner has no owner until its sweep comes to it, and of one
# transaction the position can be read before the journal.
_SETTLE_SECONDS: Final = 5.0
_SETTLE_STEP_SECONDS: Final = 0.5

_LANES: Final[tuple[Lane, ...]] = ("start", "stop")


@dataclass(slots=True)
class Audited:
    """What came of one partition. ``stopped``: why it could not be read on, if so."""

    partition: int
    entries: int = 0
    findings: "list[Finding]" = field(default_factory=list["Finding"])
    stopped: str = ""


async def audit_partition(
    connection: Connection,
    names: TopicNames,
    partition: int,
    first: int,
    progress: Callable[[int], None],
) -> Audited:
    """Audit one partition from its first offset; ``progress`` is told how many offsets passed."""
    from rescind.statemachine.audit import Auditor

    auditor = Auditor(partition)
    reader = PartitionReader(connection, names.journal, partition, first, fetch_bytes_max=16 << 20)
    async with reader:
        stopped = await _see_to_end(reader, auditor, progress)
        if not stopped:
            await _compare(connection, names, auditor)
            stopped = await _see_to_end(reader, auditor, progress)
        if stopped:
            found = auditor.findings(at_end=False)
            return Audited(partition, auditor.entries, found, stopped)
        return Audited(partition, auditor.entries, await _settled(reader, auditor, progress))


async def _compare(connection: Connection, names: TopicNames, auditor: "Auditor") -> None:
    """Show the auditor what the service would restore, and how far it says that it has got."""
    from rescind.processors.lifecycle.position import POSITION_KEY, Position

    async with Visit(connection) as visit:
        for topic, name in _topics(names).items():
            values = await latest(visit, name, [auditor.partition])
            position = values.pop(POSITION_KEY, None)
            auditor.compare_states(topic, [(key.decode(), value) for key, value in values.items()])
            if position is not None:
                reached = Position.from_json(position)
                for lane in _LANES:
                    auditor.must_reach(lane, reached.of(lane).previous)


async def _settled(
    reader: PartitionReader, auditor: "Auditor", progress: Callable[[int], None]
) -> "list[Finding]":
    """The findings at the end; those that may go by themselves get some time for it."""
    from rescind.statemachine.audit import FindingCode

    passing = {FindingCode.NOT_OWNED, FindingCode.CHAIN_BROKEN}
    waited = 0.0
    findings = auditor.findings()
    while waited < _SETTLE_SECONDS and any(found.code in passing for found in findings):
        await asyncio.sleep(_SETTLE_STEP_SECONDS)
        waited += _SETTLE_STEP_SECONDS
        await _see_to_end(reader, auditor, progress)
        findings = auditor.findings()
    return findings


async def _see_to_end(
    reader: PartitionReader, auditor: "Auditor", progress: Callable[[int], None]
) -> str:
    """Show the auditor what is there; why it could not be read to its end, or nothing."""
    end = await reader.end()
    before = await reader.position(reader.partition)
    while before < end:
        for record in await reader.fetch(max_records=2_000, timeout_seconds=0.02):
            try:
                entry = Entry.from_json(record.value or b"")
            except JournalError as error:
                return f"partition {record.partition}, offset {record.offset}: {error}"
            auditor.see(record.offset, entry)
        after = await reader.position(reader.partition)
        progress(after - before)
        before = after
    return ""


def _topics(names: TopicNames) -> "Mapping[Topic, str]":
    from rescind.statemachine.audit import Topic

    return {
        Topic.FLOW_STATES: names.flow_states,
        Topic.TASK_STATES: names.task_states,
        Topic.OPEN_FLOWS: names.open_flows,
        Topic.OPEN_TASKS: names.open_tasks,
        Topic.RUNNERS: names.runners,
    }
