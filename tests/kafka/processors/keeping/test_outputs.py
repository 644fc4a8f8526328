"""Everything that the lifecycle writes can be read as what it says it is, by anybody."""

from collections.abc import Callable

import orjson

from rescind.events.intents import Inbox
from rescind.events.journal import Entry
from rescind.events.moments import moment_to_text
from rescind.events.states import FlowState, TaskState
from rescind.kafka.records import Record
from tests.kafka.processors.faults.test_restart import register_runners
from tests.kafka.processors.load import load
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import settled


def cloud_event(record: Record) -> dict[str, str]:
    """The headers of a CloudEvent in binary mode, each of them once."""
    names = [name for name, _ in record.headers]
    assert len(names) == len(set(names))
    said = {name: value.decode() for name, value in record.headers}
    assert said.pop("content-type") == "application/json"
    assert said.pop("ce_specversion") == "1.0"
    assert set(said) == {"ce_id", "ce_type", "ce_source", "ce_time", "ce_subject"}
    assert said["ce_source"] == f"/rescind/{record.partition}"
    return said


async def test_whatever_is_written_validates_against_the_models_of_the_wire(
    service: Service,
) -> None:
    names = service.names
    async with service.worker():
        await register_runners(service)
        for request in load(7, 60):
            service.post(request)
        service.post(b"garbage", partition=0)
        await service.sender.flush()
        await settled(service)
    assert await service.read(names.dead_letters)
    readers: dict[str, Callable[[bytes], object]] = {
        names.inbox: Inbox.model_validate_json,
        names.flow_states: FlowState.model_validate_json,
        names.task_states: TaskState.model_validate_json,
        names.journal: Entry.from_json,
        names.cancellations: Entry.from_json,
    }
    for topic, read in readers.items():
        records = await service.read(topic)
        assert records, topic
        for record in records:
            assert record.value is not None
            read(record.value)
    seen = set[str]()
    for record in await service.read(names.journal):
        entry, said = Entry.from_json(record.value or b""), cloud_event(record)
        assert said["ce_id"] == entry.id
        assert said["ce_type"] == entry.event.type
        assert said["ce_time"] == moment_to_text(entry.at_ms)
        about = entry.stream_id
        assert said["ce_subject"] == (
            f"{about}/{entry.task_run_id}" if entry.task_run_id else about
        )
        seen.add(said["ce_id"])
    inbox = await service.read(names.inbox)
    ids = [cloud_event(record)["ce_id"] for record in inbox]
    assert len(ids) == len(set(ids))
    assert not seen & set(ids)
    for topic, kind in ((names.flow_states, FlowState.type), (names.task_states, TaskState.type)):
        for record in await service.read(topic):
            said, body = cloud_event(record), orjson.loads(record.value or b"")
            assert (said["ce_type"], said["ce_id"]) == (kind, body["last_event_id"])
            assert said["ce_subject"].encode() == record.key
    for record in inbox:
        assert record.key == orjson.loads(record.value or b"")["runner_id"].encode()


async def test_the_small_stream_holds_the_story_of_cancellations_and_nothing_else(
    service: Service,
) -> None:
    async with service.worker():
        await service.begin("flow-1", tasks=["t1"])
        await service.begin("flow-2")
        await service.answer_to({"type": "flow.cancel", "flow_run_id": "flow-1"})
        await service.answer_to({"type": "flow.cancel", "flow_run_id": "flow-3"})
        about = {"flow_run_id": "flow-1", "runner_id": "runner-a"}
        ends = [{"task_run_id": t, "end": "cancelled"} for t in ("t1", "body")]
        await service.answer_to({"type": "task.finish", **about, "items": ends})
        await settled(service)
    small = [
        Entry.from_json(r.value or b"") for r in await service.read(service.names.cancellations)
    ]
    told = {(entry.stream_id, entry.event.type) for entry in small}
    assert told == {
        ("flow-1", "flow.cancelling.v1"),
        ("flow-1", "cancellation.sent.v1"),
        ("flow-1", "flow.cancelled.v1"),
        ("flow-3", "cancellation.armed.v1"),
    }
    whole = {entry.id for entry in service.journal.entries}
    assert {entry.id for entry in small} <= whole
