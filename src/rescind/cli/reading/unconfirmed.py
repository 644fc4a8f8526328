"""Task runs that nobody has seen stop: in flow runs that have ended, and in those that go on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from rescind.cli.reading.states import read_state
from rescind.cli.session import Session
from rescind.events.states import TaskState
from rescind.kafka.reading.visits import Visit

__all__ = ["read_unconfirmed"]

# Few records say anything of it, and there may be a million others.
_MARK: Final = b'"stopped_confirmed"'


async def read_unconfirmed(session: Session) -> Mapping[str, Sequence[TaskState]]:
    """By flow run, those that ended last the first."""
    topic = session.names.task_states
    found: dict[bytes, TaskState] = {}
    async with Visit(session.connection) as visit:
        for partition in await visit.starts(topic):
            async for records in visit.read_to_end(topic, partition):
                for record in records:
                    task = _unconfirmed(record.value)
                    if task is not None:
                        found[record.key or b""] = task
                    else:
                        found.pop(record.key or b"", None)
    by_flow: defaultdict[str, list[TaskState]] = defaultdict(list)
    for task in sorted(
        found.values(), key=lambda task: (-(task.finished_at or 0), task.task_run_id)
    ):
        by_flow[task.flow_run_id].append(task)
    return by_flow


def _unconfirmed(value: bytes | None) -> TaskState | None:
    if value is None or _MARK not in value:
        return None
    task = read_state(TaskState, value)
    return task if task is not None and task.stopped_confirmed is False else None
