"""`rescind doctor`: each thing with how it is, and the remedy."""

from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer

from tests.broker import ServedBroker
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import RUNNER, running
from tests.kafka.processors.service import Service
from tests.waiting import until


async def found(rescind: Command, *more: str) -> dict[str, Any]:
    """Each check's verdict by its name; the last one counts."""
    said = await rescind("doctor", "--json", *more)
    return {check["check"]: check for check in said.json}


async def test_a_service_without_a_worker_is_told_by_name_and_remedy(
    idle_service: Service, rescind: Command
) -> None:
    said = await rescind("doctor")
    checks = await found(rescind)

    assert said.code == 1
    assert checks["workers"]["verdict"] == "fail"
    assert "start `rescind worker`" in checks["workers"]["remedy"]
    assert checks["agents"]["verdict"] == "fail"
    assert checks["topics"]["verdict"] == "ok"
    assert "→ start `rescind worker`" in said.out


async def test_a_probe_is_answered_by_each_partition(service: Service, rescind: Command) -> None:
    checks = await found(rescind, "--probe")

    assert checks["answers"]["verdict"] == "ok"
    assert "each of 2 partitions answered" in checks["answers"]["says"]


async def test_a_partition_that_does_not_answer_is_named(
    idle_service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.cli.doctor.probe._SECONDS_MAX", 4.0)
    async with idle_service.worker(1):
        checks = await found(rescind, "--probe")

    assert checks["answers"]["verdict"] == "fail"
    assert checks["answers"]["says"].startswith("partitions 0")


async def test_this_machines_clock_is_that_of_a_broker_on_it(
    service: Service, rescind: Command
) -> None:
    assert (await found(rescind))["clock"]["verdict"] == "ok"


async def test_a_lane_that_an_open_transaction_holds_up_is_named(
    idle_service: Service, rescind: Command
) -> None:
    assert (await found(rescind))["transactions"]["verdict"] == "ok"
    where = {"bootstrap.servers": idle_service.connection.bootstrap}
    producer = Producer({**where, "transactional.id": f"{idle_service.names.prefix}stranger"})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(idle_service.names.stop_requests, b"{}", partition=1)
    assert producer.flush(30) == 0
    await idle_service.ask({"type": "flow.cancel", "flow_run_id": "f"}, partition=1)

    held_up = (await found(rescind))["transactions"]

    assert held_up["verdict"] == "warn"
    assert f"{idle_service.names.stop_requests}[1] at offset 0" in held_up["says"]
    assert held_up["says"].startswith("2 records wait")
    assert "transaction.max.timeout.ms" in held_up["remedy"]
    producer.abort_transaction(60)
    assert (await found(rescind))["transactions"]["verdict"] == "ok"


def test_the_broker_lets_no_transaction_last_longer_than_a_minute(broker: ServedBroker) -> None:
    if broker.rung == "a given cluster":
        pytest.skip("a given cluster is its owner's")
    for_longer = {"transaction.timeout.ms": 61_000, "message.timeout.ms": 61_000}
    named = {"bootstrap.servers": broker.bootstrap, "transactional.id": "one-that-asks-for-more"}
    with pytest.raises(KafkaException, match="INVALID_TRANSACTION_TIMEOUT"):
        Producer(named | for_longer).init_transactions(60)


async def test_what_could_not_be_read_is_counted(service: Service, rescind: Command) -> None:
    await service.answer_to(b"not JSON", lane="stop", partition=0)
    await service.answer_to(b"{}", lane="start", partition=1)

    dead = (await found(rescind))["dead letters"]

    assert dead["verdict"] == "warn"
    assert dead["says"].startswith("2 requests ")
    assert service.names.dead_letters in dead["remedy"]


async def test_a_run_that_waits_past_its_deadline_is_stuck_and_named(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.cli.reading.filters.STUCK_AFTER_MS", 0)
    await running(service, "f")
    cancel = {"type": "flow.cancel", "flow_run_id": "f", "deadline_seconds": 2}
    await service.answer_to(cancel)
    (told,) = await service.until_told(RUNNER, "cancel_flow")
    mine = {"flow_run_id": "f", "runner_id": RUNNER, "cancellation_id": told["cancellation_id"]}
    held = [{"task_run_id": "t0", "can_stop": False}]
    await service.answer_to({"type": "cancellation.acknowledge", **mine, "held": held})

    async def is_stuck() -> bool:
        return bool((await found(rescind))["stuck"]["verdict"] == "fail")

    await until(is_stuck)
    checks = await found(rescind)
    stuck = (await rescind("ls", "--stuck", "--json")).json

    assert checks["stuck"]["says"].startswith("f is cancelling, ")
    assert "`rescind cancel f --abort`" in checks["stuck"]["remedy"]
    assert [flow["flow_run_id"] for flow in stuck] == ["f"]


async def test_topics_that_are_missing_end_the_examination(
    rescind: Command, unique_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_TOPIC_PREFIX", f"{unique_prefix}none.")

    checks = await found(rescind)

    assert checks["topics"]["verdict"] == "fail"
    assert "`rescind topics create`" in checks["topics"]["remedy"]
    assert "workers" not in checks


async def test_a_variable_that_is_misspelt_is_named_with_and_without_a_broker(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_BOOTSTRAPS", "k:1")

    for _ in range(2):
        checks = await found(rescind)

        assert checks["settings"]["verdict"] == "warn"
        assert "RESCIND_BOOTSTRAPS is set" in checks["settings"]["says"]
        monkeypatch.setenv("RESCIND_BOOTSTRAP", "127.0.0.1:1")


async def test_a_service_says_at_its_start_which_variable_changes_nothing(
    rescind: Command,
) -> None:
    said = await rescind.process(
        *("worker",), RESCIND_NOPE="1", RESCIND_TOPIC_PREFIX="of-nobody.", within_seconds=90
    )

    assert said.code == 4
    assert (said.out + said.err).count("RESCIND_NOPE is set, and no setting is called so") == 1
