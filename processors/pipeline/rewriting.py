"""What is open is written again from time to time, or it would be forgotten while it runs.

The state topics keep a record for 30 days. A run that waits or works for longer would drop out
of them, so every `rewrite_after_seconds` a round goes through all that is open and writes each
public record once more: the same state under the same event id, and nothing in the journal.

A chunk is a transaction of its own between two batches. Only the beginning of a round that came
to its end is kept, in ``@position``: one that a restart has interrupted begins anew.
"""

from collections.abc import Iterator

from rescind.events.cloudevents import headers
from rescind.events.states import FlowState, TaskState
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.processors.pipeline.commits import Commits
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from rescind.statemachine.records import public_flow, public_task
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["Rewriting", "open_runs", "state_record"]

BYTES_MAX = 1 << 20
"""Bytes of one chunk, about: a few records may be as large as the topic takes."""


class Rewriting:
    """The rounds of one partition, from what is committed when it was restored."""

    def __init__(self, commits: Commits, policy: Policy) -> None:
        self._commits = commits
        self._every_ms = round(policy.rewrite_after_seconds * 1000)
        self._chunk = policy.sweep_chunk
        self._began_ms = 0
        self._round: Iterator[FlowRun | TaskRun] | None = None

    async def go_on(self, now_ms: int) -> None:
        """Write one chunk, if a round is due or under way at the broker's time `now_ms`.

        Raises:
            FencedError: another worker has the partition.
            TransactionFailedError: it did not happen; the partition must be restored.

        """
        if self._round is None:
            since_ms = self._commits.life.position.rewritten_ms
            if not since_ms or now_ms - since_ms < self._every_ms:
                return
            self._began_ms = now_ms
            self._round = open_runs(self._commits.life.base)
        records, is_through = self._next(self._round)
        if is_through:
            self._round = None
        await self._commits.write_again(records, self._began_ms if is_through else None)

    def _next(self, runs: Iterator[FlowRun | TaskRun]) -> tuple[list[OutRecord], bool]:
        life = self._commits.life
        records: list[OutRecord] = []
        size = 0
        for run in runs:
            record = state_record(
                run, life.position.last_at_ms, life.place.topics, life.place.partition
            )
            records.append(record)
            size += len(record.value or b"")
            if len(records) >= self._chunk or size >= BYTES_MAX:
                return records, False
        return records, True


def open_runs(base: Partition) -> Iterator[FlowRun | TaskRun]:
    """Every run that is open when the walk comes to it; the state may move meanwhile."""
    for flow_run_id in list(base.flows):
        flow = base.flows.get(flow_run_id)
        if flow is None or flow.end is not None:
            continue
        yield flow
        for task_run_id in list(base.tasks.get(flow_run_id, ())):
            task = base.tasks.get(flow_run_id, {}).get(task_run_id)
            if task is not None and task.end is None:
                yield task


def state_record(
    run: FlowRun | TaskRun, at_ms: int, topics: TopicNames, partition: int
) -> OutRecord:
    """The public record of a run as it is."""
    if isinstance(run, TaskRun):
        subject = f"{run.flow_run_id}/{run.task_run_id}"
        topic, kind, value = topics.task_states, TaskState.type, public_task(run)
    else:
        subject = run.flow_run_id
        topic, kind, value = topics.flow_states, FlowState.type, public_flow(run)
    said = headers(run.event_id, kind, at_ms, f"/rescind/{partition}", subject)
    return OutRecord(topic, subject.encode(), value, said, partition)
