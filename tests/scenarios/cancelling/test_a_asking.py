"""Asking for a cancel: what comes of it, in every state in which a run can be."""

import zlib
from functools import partial

import pytest
from confluent_kafka import Consumer, Producer

from rescind.events.journal import (
    CancellationArmed,
    FlowCancelling,
    RequestRefused,
    TaskCancelled,
)
from tests.scenarios.harness import PARTITIONS, Scene, refusals_in, types_of
from tests.waiting import until

ANN = {"kind": "user", "id": "ann"}


async def test_01_a_cancelled_running_flow_run_is_cancelling_and_still_running(
    scene: Scene,
) -> None:
    flow = await scene.begun(tasks=["t"])

    (asked,) = [
        entry
        for entry in await scene.cancel(flow.flow_run_id, reason="enough", actor=ANN)
        if isinstance(entry.event, FlowCancelling)
    ]

    assert isinstance(asked.event, FlowCancelling)
    terms = asked.event.terms
    assert terms.cancellation_id == asked.id
    assert asked.actor is not None
    assert (asked.actor.id, asked.actor.verified, terms.reason) == ("ann", False, "enough")
    settings = scene.house.settings
    assert terms.grace_seconds == settings.grace_seconds
    assert terms.acknowledge_at - asked.at_ms == settings.acknowledge_seconds * 1000
    assert terms.deadline_at - asked.at_ms == settings.deadline_seconds * 1000
    assert terms.wait_until - asked.at_ms == settings.wait_seconds_max * 1000
    state = await scene.until_state(flow.flow_run_id, "Running.Cancelling")
    assert state.state_path == ("Running", "Cancelling")
    assert (state.is_running, state.is_cancelling, state.is_finished) == (True, True, False)
    assert state.cancellation is not None
    assert state.cancellation.reason == "enough"


@pytest.mark.parametrize("kind", ["of the body", "of a flow run without one"])
async def test_02_a_running_flow_run_cannot_be_reported_as_cancelled(
    scene: Scene, kind: str
) -> None:
    if kind == "of the body":
        flow = await scene.begun()
        before = await scene.flow_state(flow.flow_run_id)
        outcome = await flow.ends("body", "cancelled")
    else:
        flow = await scene.begun_without_body()
        before = await scene.flow_state(flow.flow_run_id)
        outcome = await flow.says("flow.finish", end="cancelled")

    assert refusals_in(outcome) == ["deprecated_transition"]
    assert len(outcome) == 1
    (refused,) = outcome
    assert isinstance(refused.event, RequestRefused)
    assert "flow.cancel" in refused.event.message
    assert await scene.flow_state(flow.flow_run_id) == before
    assert before.state == "Running"


@pytest.mark.parametrize("mode", ["graceful", "abort"])
@pytest.mark.parametrize("end", ["success", "failed", "cancelled"])
async def test_04_a_finished_flow_run_refuses_a_cancel(scene: Scene, end: str, mode: str) -> None:
    flow = await scene.begun()
    if end == "cancelled":
        await scene.cancel(flow.flow_run_id)
    await flow.ends("body", end)
    before = await scene.flow_state(flow.flow_run_id)
    assert before.is_finished

    outcome = await scene.cancel(flow.flow_run_id, mode=mode)

    assert [e.event.type for e in outcome] == ["request.refused.v1"]
    assert refusals_in(outcome) == ["already_finished"]
    assert scene.events(flow.flow_run_id)[-1] == outcome[0]
    assert await scene.flow_state(flow.flow_run_id) == before


@pytest.mark.parametrize("end, code, word", [("success", 1, "Success"), ("cancelled", 0, "Cancel")])
async def test_04_the_command_says_that_it_is_over(
    scene: Scene, end: str, code: int, word: str
) -> None:
    flow = await scene.begun()
    if end == "cancelled":
        await scene.cancel(flow.flow_run_id)
    await flow.ends("body", end)

    exit_code, said = await scene.rescind("cancel", flow.flow_run_id)

    assert exit_code == code, said
    assert f"Finished.{word}" in said


async def test_05_a_cancel_of_an_unknown_id_waits_for_its_registration(scene: Scene) -> None:
    unknown = scene.named("unknown")

    code, said = await scene.rescind("cancel", unknown)
    assert code == 5, said
    code, said = await scene.rescind("cancel", "--arm", "--yes", unknown)
    assert code == 0, said
    assert "known to nobody" in said
    (armed,) = scene.events(unknown) or [await scene.event(unknown, "cancellation.armed")]
    assert isinstance(armed.event, CancellationArmed)

    about = {"flow_run_id": unknown, "runner_id": scene.named("r")}
    partition = scene.partition_of(unknown)
    await scene.answer_to(
        {"type": "runner.register", "runner_id": about["runner_id"]}, partition=partition
    )
    born = await scene.answer_to({"type": "flow.register", **about})
    assert types_of(born) == ["flow.registered", "flow.cancelled"]
    started = await scene.answer_to({"type": "flow.start", **about, "body": {"task_run_id": "b"}})
    assert refusals_in(started) == ["already_finished"]
    items = [{"task_run_id": "t"}]
    assert refusals_in(await scene.answer_to({"type": "task.register", **about, "items": items}))
    assert refusals_in(await scene.answer_to({"type": "task.start", **about, "items": items}))
    assert (await scene.flow_state(unknown)).state == "Finished.Cancelled"
    assert not scene.events(unknown, "task.started")
    assert not any("grants" in told for told in await scene.inbox_of(about["runner_id"]))


async def test_06_a_pending_flow_run_is_cancelled_at_once(scene: Scene) -> None:
    flow_run_id = scene.named("pending")
    await scene.answer_to({"type": "flow.register", "flow_run_id": flow_run_id})
    items = [{"task_run_id": task} for task in ("a", "b")]
    await scene.answer_to({"type": "task.register", "flow_run_id": flow_run_id, "items": items})

    await scene.cancel(flow_run_id)

    assert scene.events(flow_run_id, "flow.cancelled")
    assert (await scene.flow_state(flow_run_id)).state == "Finished.Cancelled"
    tasks = await scene.task_states(flow_run_id)
    assert {t: (s.state, s.how) for t, s in tasks.items()} == {
        "a": ("Finished.Cancelled", "never_started"),
        "b": ("Finished.Cancelled", "never_started"),
    }
    assert not scene.events(flow_run_id, "cancellation.sent")


async def test_06_a_flow_run_that_only_waits_for_retries_is_cancelled_at_once(
    scene: Scene,
) -> None:
    flow = await scene.begun_without_body(tasks=["t"])
    retrying = await flow.ends("t", "failed", retry_at="2099-01-01T00:00:00Z")
    assert types_of(retrying) == ["task.retrying"]

    outcome = await scene.cancel(flow.flow_run_id)

    assert "flow.cancelled" in types_of(outcome) or scene.events(flow.flow_run_id, "flow.cancelled")
    state = (await scene.task_states(flow.flow_run_id))["t"]
    assert (state.state, state.how) == ("Finished.Cancelled", "not_retried")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Cancelled"
    assert not any("cancel_flow" in told for told in await scene.inbox_of(flow.runner_id))


async def test_07_nothing_more_of_a_cancelling_flow_run_starts(scene: Scene) -> None:
    flow = await scene.begun(tasks=["runs", "fails"])
    await flow.says("task.register", items=[{"task_run_id": "waits"}])
    await scene.cancel(flow.flow_run_id)

    born = await flow.says("task.register", items=[{"task_run_id": "late"}])
    assert types_of(born) == ["task.registered", "task.cancelled"]
    assert isinstance(born[1].event, TaskCancelled)
    assert born[1].event.how == "never_started"
    started = await flow.says("task.start", items=[{"task_run_id": "waits"}])
    assert refusals_in(started) in (["cancelling"], ["already_finished"])
    retried = await flow.ends("fails", "failed", retry_at="2099-01-01T00:00:00Z")
    assert types_of(retried) == ["task.failed"]
    again = await flow.says("task.start", items=[{"task_run_id": "fails", "attempt": 2}])
    assert refusals_in(again) == ["cancelling"]
    assert refusals_in(await flow.says("flow.start")) == ["cancelling"]
    cancelling = scene.journal.entries.index(scene.events(flow.flow_run_id, "flow.cancelling")[0])
    late = [e for e in scene.journal.entries[cancelling:] if e.stream_id == flow.flow_run_id]
    assert "task.started" not in types_of(late)


async def test_08_each_of_500_items_has_one_outcome_and_a_refusal_changes_nothing(
    scene: Scene,
) -> None:
    flow = await scene.begun()
    tasks = [f"t{number}" for number in range(500)]
    items = [{"task_run_id": task} for task in tasks]
    assert len(await flow.says("task.register", items=items)) == 500
    wrong = {7: "nobody-7", 250: "nobody-250", 499: "nobody-499"}
    asked = [{"task_run_id": wrong.get(n, task)} for n, task in enumerate(tasks)]

    outcome = await flow.says("task.start", items=asked)

    assert len(outcome) == 500
    assert [e.source.nth for e in outcome if e.source] == list(range(500))
    refused = {
        e.event.item: e.event.code.value for e in outcome if isinstance(e.event, RequestRefused)
    }
    assert refused == dict.fromkeys(wrong, "unknown_task")
    assert types_of(outcome).count("task.started") == 497
    states = await scene.task_states(flow.flow_run_id)
    assert {t for t, s in states.items() if s.state == "Pending"} == {tasks[n] for n in wrong}
    too_many = await flow.says(
        "task.register", items=[{"task_run_id": f"x{n}"} for n in range(501)]
    )
    assert refusals_in(too_many) == ["unreadable"]
    assert len(too_many) == 1


@pytest.mark.parametrize("with_key", [True, False], ids=["by its default partitioner", "no key"])
async def test_09_one_record_of_a_librdkafka_producer_cancels(scene: Scene, with_key: bool) -> None:
    flow = await scene.begun(next(filter(partial(_is_misplaced, scene), map(str, range(1000)))))
    value = b'{"type":"flow.cancel","flow_run_id":"%s"}' % flow.flow_run_id.encode()
    producer = Producer({"bootstrap.servers": scene.connection.bootstrap})
    producer.produce(
        scene.names.stop_requests, value, flow.flow_run_id.encode() if with_key else None
    )
    assert producer.flush(30) == 0

    await scene.event(flow.flow_run_id, "flow.cancelling")
    if with_key:
        # It lay in the partition of librdkafka's choice, and that one's journal says so.
        elsewhere = str(1 - scene.partition_of(flow.flow_run_id))
        await scene.event(elsewhere, "request.forwarded")
    await flow.ends("body", "cancelled")
    assert '"Finished.Cancelled"' in await _read_state(scene, flow.flow_run_id)


def _is_misplaced(scene: Scene, name: str) -> bool:
    """Whether librdkafka's default (CRC32) and the service (murmur2) differ about this id."""
    flow_run_id = scene.named(name)
    return zlib.crc32(flow_run_id.encode()) % PARTITIONS != scene.partition_of(flow_run_id)


async def _read_state(scene: Scene, flow_run_id: str) -> str:
    """The last value under this key in the state topic, read with librdkafka."""
    consumer = Consumer(
        {
            "bootstrap.servers": scene.connection.bootstrap,
            "group.id": scene.named("reader"),
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([scene.names.flow_states])
    found: list[str] = []

    def is_final() -> bool:
        message = consumer.poll(0.5)
        if message is not None and message.key() == flow_run_id.encode():
            found.append((message.value() or b"").decode())
        return bool(found) and '"is_finished":true' in found[-1]

    try:
        await until(is_final, within_seconds=60)
    finally:
        consumer.close()
    return found[-1]
