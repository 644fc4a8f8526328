"""What operators rely on: trouble stays with whom it is about, and the audit tells the truth."""

import orjson
import pytest
from confluent_kafka import Message, Producer

from rescind.events.journal import Entry
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import Record
from rescind.kafka.topics.specs import topic_specs
from rescind.processors.pipeline.restore import restore
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Partition
from rescind.statemachine.records import public_flow, public_task
from tests.kafka.processors.journal import Asked
from tests.kafka.processors.verdict import settled
from tests.scenarios.harness import PARTITIONS, Scene, refusals_in, types_of

POISON: dict[str, bytes | None] = {
    "no value": None,
    "not JSON": b"\xff\x00{",
    "not an object": b"[1, 2, 3]",
    "no such type": b'{"type": "flow.explode", "flow_run_id": "f"}',
    "an id that no run can have": b'{"type": "flow.cancel", "flow_run_id": "@/\\u0000"}',
    "a wrong type": b'{"type": "flow.cancel", "flow_run_id": "f", "grace_seconds": "soon"}',
    "too deep": b'{"type": "flow.cancel", "flow_run_id": "f", "x": ' + b"[" * 40 + b"]" * 40 + b"}",
}


async def test_63_a_full_replay_gives_every_state_again_and_nothing_else_happens(
    own: Scene,
) -> None:
    worker = own.house.worker()
    await one_of_each(own)
    await settled(own)
    worker.terminate()
    assert await worker.exit_code() == 0
    before = await ends_of_topics(own)

    code, said = await own.rescind("audit", "verify", "--json")

    assert code == 0, said
    assert orjson.loads(said)["whole"] is True
    for partition in range(PARTITIONS):
        replayed = Draft(Partition())
        for record in await own.read(own.names.journal, partition):
            replayed.fold(Entry.from_json(record.value or b""))
        replayed.adopt()
        restored, _ = await restore(own.connection, own.names, partition)
        base = replayed.base
        assert base.flows == restored.flows
        assert base.runners == restored.runners
        assert base.armed == restored.armed
        is_open = {key for key, flow in base.flows.items() if flow.end is None}
        assert {key: base.tasks[key] for key in is_open if key in base.tasks} == restored.tasks
        await assert_public_states(own, partition, base)
    assert await ends_of_topics(own) == before


async def one_of_each(own: Scene) -> None:
    """A flow run that is open, and one for each end; one that is armed; a runner that is lost."""
    await own.begun("open", ["runs"])
    succeeded = await own.begun("succeeded", ["t"])
    await succeeded.ends("t", "success", result_ref="s3://results/1")
    await succeeded.ends("body", "success")
    failed = await own.begun("failed", ["t"])
    await failed.ends("t", "failed", retry_at="2099-01-01T00:00:00Z")
    await failed.says("task.cancel", task_run_id="t")
    await failed.ends("body", "failed", error={"type": "ValueError", "message": "no"})
    cancelled = await own.begun("cancelled", ["t", "stays"])
    waits = [{"task_run_id": "waits"}]
    await cancelled.says("task.register", items=waits)
    await own.cancel(cancelled.flow_run_id, deadline_seconds=0.2)
    await cancelled.ends("t", "success")
    await own.event(cancelled.flow_run_id, "flow.cancelled")
    await cancelled.ends("stays", "success")
    crashed = await own.begun("crashed", ["t"])
    leaving = {"type": "runner.leave", "runner_id": crashed.runner_id}
    await own.ask(leaving, partition=own.partition_of(crashed.flow_run_id))
    await own.event(crashed.flow_run_id, "flow.failed")
    await own.cancel(own.named("armed"))


async def ends_of_topics(own: Scene) -> dict[str, dict[int, int]]:
    """How far each topic goes, but that in which services learn the time."""
    specs = topic_specs(own.names)
    names = [spec.name for spec in specs if spec.name != own.names.heartbeats]
    return {name: await ends(own.connection, name) for name in names}


async def assert_public_states(own: Scene, partition: int, base: Partition) -> None:
    """Key by key, what the state topics say is what the replay has."""
    flows = last_of(await own.read(own.names.flow_states, partition))
    assert flows.keys() == base.flows.keys()
    for key, value in flows.items():
        # Written with what happens to the flow run; its task runs raise the version after that.
        version = orjson.loads(value)["version"]
        assert version <= base.flows[key].version
        assert value == public_flow(base.flows[key]._replace(version=version))
    tasks = last_of(await own.read(own.names.task_states, partition))
    assert tasks == {
        f"{flow_run_id}/{task_run_id}": public_task(task)
        for flow_run_id, of_flow in base.tasks.items()
        for task_run_id, task in of_flow.items()
    }


def last_of(records: list[Record]) -> dict[str, bytes]:
    return {(r.key or b"").decode(): r.value for r in records if r.value is not None}


@pytest.mark.parametrize("value", POISON.values(), ids=POISON)
async def test_69_a_poison_record_is_refused_alone(scene: Scene, value: bytes | None) -> None:
    flow = await scene.begun()
    partition = scene.partition_of(flow.flow_run_id)

    poison = await scene.journal.outcome_of(sent_by_librdkafka(scene, partition, value))

    assert refusals_in(poison) == ["unreadable"]
    assert poison[0].source is not None
    buried = [record.value for record in await scene.read(scene.names.dead_letters, partition)]
    assert value in buried
    assert "flow.cancelling" in types_of(await scene.cancel(flow.flow_run_id))


async def test_69_a_bug_over_one_flow_run_is_refused_alone(own: Scene) -> None:
    mine, bug, unknown = (
        next(f"{name}{n}" for n in range(100) if partition_of(f"{name}{n}", PARTITIONS) == 0)
        for name in ("mine", "bug", "unknown")
    )
    worker = own.house.start("-m", "tests.scenarios.buggy_worker")
    for flow_run_id in (mine, bug):
        await own.begin(flow_run_id, f"runner-of-{flow_run_id}")
    worker.kill()
    # One batch for whoever comes: the good ones lie around the bad one.
    asked = [
        await own.ask({"type": "flow.cancel", "flow_run_id": flow_run_id}, partition=0)
        for flow_run_id in (mine, bug, unknown)
    ]

    own.house.start("-m", "tests.scenarios.buggy_worker")

    outcomes = [await own.journal.outcome_of(one) for one in asked]
    assert "flow.cancelling" in types_of(outcomes[0])
    assert refusals_in(outcomes[1]) == ["internal_error"]
    assert types_of(outcomes[2]) == ["cancellation.armed"]
    (buried,) = await own.read(own.names.dead_letters, 0)
    assert orjson.loads(buried.value or b"")["flow_run_id"] == bug
    about = {"flow_run_id": mine, "runner_id": f"runner-of-{mine}"}
    end = {"task_run_id": "body", "end": "cancelled"}
    await own.answer_to({"type": "task.finish", **about, "items": [end]})
    assert (await own.flow_state(mine)).state == "Finished.Cancelled"
    assert (await own.flow_state(bug)).state == "Running"


async def test_70_producers_with_transactions_leave_restore_and_audit_clean(own: Scene) -> None:
    worker = own.house.worker()
    committed = await own.begun("committed")
    aborted = await own.begun("aborted")
    producer = Producer(
        {"bootstrap.servers": own.connection.bootstrap, "transactional.id": own.named("p")}
    )
    producer.init_transactions(60)
    for number in range(3):
        in_a_transaction(own, producer, committed.flow_run_id, f"c{number}", commit=True)
        in_a_transaction(own, producer, aborted.flow_run_id, f"a{number}", commit=False)
    del producer
    await own.event(committed.flow_run_id, "flow.cancelling")
    await committed.ends("body", "cancelled")

    # What comes after the markers is read as well, by a worker that has to restore.
    worker.kill()
    own.house.worker()
    assert refusals_in(await own.cancel(committed.flow_run_id)) == ["already_finished"]
    assert "flow.succeeded" in types_of(await aborted.ends("body", "success"))

    registered = {e.stream_id for e in own.journal.entries if "flow.registered" in e.event.type}
    assert {own.named(f"c{n}") for n in range(3)} <= registered
    assert not {own.named(f"a{n}") for n in range(3)} & registered
    assert not own.events(aborted.flow_run_id, "flow.cancelling")
    code, said = await own.rescind("audit", "verify", "--json")
    assert code == 0, said
    verdict = orjson.loads(said)
    assert (verdict["whole"], verdict["findings"]) == (True, [])
    assert verdict["events"] == len(own.journal.entries)


def sent_by_librdkafka(scene: Scene, partition: int, value: bytes | None) -> Asked:
    """Send a record without a key to the stop lane; without a value it has nothing at all."""
    places: list[Message] = []
    producer = Producer({"bootstrap.servers": scene.connection.bootstrap})
    producer.produce(
        scene.names.stop_requests,
        value,
        partition=partition,
        on_delivery=lambda _, message: places.append(message),
    )
    assert producer.flush(30) == 0
    offset = places[0].offset()
    assert offset is not None
    return Asked("stop", partition, offset, 0)


def in_a_transaction(
    own: Scene, producer: Producer, cancelled: str, registered: str, *, commit: bool
) -> None:
    """A cancel on one lane and a registration on the other, both or neither."""
    flow_run_id = own.named(registered)
    cancel = {"type": "flow.cancel", "flow_run_id": cancelled}
    register = {"type": "flow.register", "flow_run_id": flow_run_id}
    producer.begin_transaction()
    for topic, body in ((own.names.stop_requests, cancel), (own.names.start_requests, register)):
        partition = own.partition_of(body["flow_run_id"])
        producer.produce(topic, orjson.dumps(body), partition=partition)
    # What is aborted has to be in the log first, or there would be nothing to skip.
    assert producer.flush(30) == 0
    if commit:
        producer.commit_transaction(60)
    else:
        producer.abort_transaction(60)
