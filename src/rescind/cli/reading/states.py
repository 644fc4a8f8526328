"""Flow runs and task runs as the state topics have them.

A record that cannot be read hides nothing else: it is counted, and the command says how many.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import ValidationError

from rescind.cli.session import Session
from rescind.events.states import FlowState, TaskState
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit, starts

__all__ = ["FlowRuns", "read_flow", "read_flows", "read_state", "read_task", "read_tasks"]

S = TypeVar("S", FlowState, TaskState)

_SEPARATOR: Final = "/"


@dataclass(frozen=True, slots=True)
class FlowRuns:
    """Flow runs by id, and how many records were none."""

    by_id: dict[str, FlowState]
    unreadable: int = 0


async def read_flows(
    session: Session,
    partitions: Collection[int] | None = None,
    *,
    keep: Callable[[bytes], bool] = lambda _: True,
) -> FlowRuns:
    """Read every flow run that is known, or those of some partitions, whose id is one to keep."""
    topic = session.names.flow_states
    async with Visit(session.connection) as visit:
        chosen = await visit.starts(topic) if partitions is None else partitions
        values = await latest(visit, topic, chosen, keep)
    states = _parsed(FlowState, values.values())
    return FlowRuns({state.flow_run_id: state for state in states}, len(values) - len(states))


async def read_flow(session: Session, flow_run_id: str) -> FlowState | None:
    """Read one flow run by its whole id: one partition is enough, and no other run is kept."""
    partition, key = await partition_of_stream(session, flow_run_id), flow_run_id.encode()
    return (await read_flows(session, [partition], keep=key.__eq__)).by_id.get(flow_run_id)


async def read_tasks(session: Session, flow_run_id: str) -> list[TaskState]:
    """Read the task runs of a flow run, in the order in which they were registered."""
    partition = await partition_of_stream(session, flow_run_id)
    ours = f"{flow_run_id}{_SEPARATOR}".encode()
    async with Visit(session.connection) as visit:
        found = await latest(
            visit, session.names.task_states, [partition], lambda key: key.startswith(ours)
        )
    states = _parsed(TaskState, found.values())
    return sorted(states, key=lambda task: (task.registered_at, task.version, task.task_run_id))


async def read_task(session: Session, flow_run_id: str, task_run_id: str) -> TaskState | None:
    """Read one task run by its ids."""
    tasks = await read_tasks(session, flow_run_id)
    return next((task for task in tasks if task.task_run_id == task_run_id), None)


async def partition_of_stream(session: Session, stream_id: str) -> int:
    """Return the partition that a flow run's records are in, in every topic."""
    count = len(await starts(session.connection, session.names.flow_states))
    return partition_of(stream_id, count)


def read_state(kind: type[S], value: bytes) -> S | None:
    """The state that a record has; None if it is a stranger's, or a newer release's."""
    try:
        return kind.model_validate_json(value)
    except ValidationError:
        return None


def _parsed(kind: type[S], values: Iterable[bytes]) -> list[S]:
    states = (read_state(kind, value) for value in values)
    return [state for state in states if state is not None]
