"""The records of one transaction: journal, states, what a restart needs, and the inboxes.

At most one state record for each run, the last one; the journal has every step.
"""

from collections.abc import Iterator
from typing import Any

from rescind.events.cancellations import (
    ABOUT_HEADER,
    AboutFlow,
    tells_of_cancellations,
    tells_of_flow,
)
from rescind.events.cloudevents import entry_headers, headers
from rescind.events.intents import Inbox
from rescind.events.journal import Entry, StreamKind
from rescind.events.states import FlowState, TaskState
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.fanout import Fanout
from rescind.processors.lifecycle.position import POSITION_KEY, Position
from rescind.statemachine.draft import Draft
from rescind.statemachine.records import BULK_KEY, open_record, public_flow, public_task
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["PARTITION_KEY", "outputs"]

PARTITION_KEY = b"@partition"
"""The key of entries that belong to a partition and to no run."""


def outputs(
    entries: list[Entry],
    draft: Draft,
    fanout: Fanout,
    position: Position,
    topics: TopicNames,
    partition: int,
) -> list[OutRecord]:
    """Everything that one transaction writes to one partition, in the order of writing."""
    out = list(_journal(entries, draft, topics, partition))
    out += _states(draft, position.level, topics, partition)
    out += _inboxes(fanout, position, topics, partition)
    out.append(OutRecord(topics.open_flows, POSITION_KEY, position.to_json(), (), partition))
    return out


def _journal(
    entries: list[Entry], draft: Draft, topics: TopicNames, partition: int
) -> Iterator[OutRecord]:
    journal = topics.journal
    for entry in entries:
        of_partition = entry.stream_kind is StreamKind.PARTITION
        key = PARTITION_KEY if of_partition else entry.stream_id.encode()
        said = entry_headers(entry, partition)
        record = OutRecord(journal, key, entry.to_json(), said, partition)
        yield record
        of_task_run = entry.task_run_id is not None
        if tells_of_cancellations(entry.event.type, of_task_run=of_task_run) and (
            not of_task_run or _is_cancelled_alone(entry, draft)
        ):
            yield record._replace(
                topic=topics.cancellations, headers=[*said, *_about(entry, draft)]
            )


def _about(entry: Entry, draft: Draft) -> Iterator[tuple[str, bytes]]:
    """Which flow run it is, where somebody may want to know that of this event."""
    if not tells_of_flow(entry.event.type):
        return
    flow = draft.flow(entry.stream_id)
    if flow is None:
        return
    begun = flow.cancellation
    asked: dict[str, Any] = (
        {}
        if begun is None
        else {
            "cancellation_id": begun.id,
            "actor": begun.actor,
            "reason": begun.reason,
            "mode": begun.mode,
            "bulk_id": begun.bulk_id,
            "deadline_at": begun.deadline_ms,
        }
    )
    told = AboutFlow(
        name=flow.name,
        namespace=flow.namespace,
        labels=dict(flow.labels),
        state=flow.state,
        body_unconfirmed=_is_unconfirmed(flow.flow_run_id, flow.body_id, draft),
        **asked,
    )
    yield ABOUT_HEADER, told.model_dump_json(exclude_none=True).encode()


def _is_unconfirmed(flow_run_id: str, body_id: str | None, draft: Draft) -> bool | None:
    body = None if body_id is None else draft.task(flow_run_id, body_id)
    return True if body is not None and body.stopped_confirmed is False else None


def _is_cancelled_alone(entry: Entry, draft: Draft) -> bool:
    task = draft.task(entry.stream_id, entry.task_run_id or "")
    return task is not None and task.cancellation is not None


def _states(draft: Draft, level: int, topics: TopicNames, partition: int) -> Iterator[OutRecord]:
    source, at_ms = f"/rescind/{partition}", draft.at_ms
    task_states, open_tasks = topics.task_states, topics.open_tasks

    def of_task(task: TaskRun, subject: str, key: bytes) -> OutRecord:
        said = headers(task.event_id, TaskState.type, at_ms, source, subject)
        return OutRecord(task_states, key, public_task(task), said, partition)

    def of_flow(flow: FlowRun, key: bytes) -> OutRecord:
        said = headers(flow.event_id, FlowState.type, at_ms, source, flow.flow_run_id)
        return OutRecord(topics.flow_states, key, public_flow(flow), said, partition)

    # First: the same id may have begun a new life since.
    for run in draft.parted:
        if isinstance(run, TaskRun):
            subject = f"{run.flow_run_id}/{run.task_run_id}"
            yield of_task(run, subject, subject.encode())
        else:
            yield of_flow(run, run.flow_run_id.encode())
    for flow_run_id, tasks in draft.tasks.items():
        for task_run_id, task in tasks.items():
            subject = f"{flow_run_id}/{task_run_id}"
            key = subject.encode()
            if task is None:
                yield OutRecord(open_tasks, key, None, (), partition)
            else:
                yield of_task(task, subject, key)
                yield OutRecord(open_tasks, key, open_record(task, level), (), partition)
    for flow_run_id in draft.spoken:
        flow = draft.flow(flow_run_id)
        key = flow_run_id.encode()
        kept = flow or draft.armed_for(flow_run_id)
        if flow is not None:
            yield of_flow(flow, key)
        value = None if kept is None else open_record(kept, level)
        yield OutRecord(topics.open_flows, key, value, (), partition)
    for runner_id, runner in draft.runners.items():
        value = None if runner is None else open_record(runner, level)
        yield OutRecord(topics.runners, runner_id.encode(), value, (), partition)
    for bulk_id, bulk in draft.bulks.items():
        value = None if bulk is None else open_record(bulk, level)
        yield OutRecord(topics.open_flows, f"{BULK_KEY}{bulk_id}".encode(), value, (), partition)


def _inboxes(
    fanout: Fanout, position: Position, topics: TopicNames, partition: int
) -> Iterator[OutRecord]:
    for number, (runner_id, value) in enumerate(fanout.records()):
        # Unique, and the same when the batch is decided again.
        event_id = f"inbox-{partition}-{position.sequence}-{number}"
        said = headers(
            event_id, Inbox.type, position.last_at_ms, f"/rescind/{partition}", runner_id
        )
        yield OutRecord(topics.inbox, runner_id.encode(), value, said, partition)
