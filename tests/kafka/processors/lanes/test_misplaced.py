"""A record on any partition, with any key or none, is decided where its flow run is served."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer

from rescind.events.journal import Entry, RequestForwarded
from rescind.events.signature import SIGNATURE_HEADER
from tests.kafka.processors.journal import Asked, code_of, types_of
from tests.kafka.processors.service import KEY, Service, signature
from tests.kafka.processors.verdict import assert_at_rest_and_right


def names() -> Iterator[str]:
    return (f"flow-{number}" for number in range(1000))


def served_on(service: Service, partition: int) -> str:
    return next(name for name in names() if service.partition_of(name) == partition)


def librdkafka(service: Service) -> Producer:
    return Producer({"bootstrap.servers": service.connection.bootstrap})


async def outcomes_of(service: Service, flow_run_id: str, count: int = 1) -> list[Entry]:
    def is_there() -> bool:
        return len(service.journal.about(flow_run_id)) >= count

    await service.journal.until(is_there)
    return service.journal.about(flow_run_id)


async def test_clients_that_hash_keys_otherwise_or_name_none_are_served_alike(
    service: Service,
) -> None:
    producer = librdkafka(service)
    asked = list(names())[:40]
    for number, flow_run_id in enumerate(asked):
        value = orjson.dumps({"type": "flow.cancel", "flow_run_id": flow_run_id})
        key = flow_run_id.encode() if number % 2 else None
        producer.produce(service.names.stop_requests, value, key=key)
    assert producer.flush(30) == 0
    async with service.worker():
        await assert_at_rest_and_right(service)
    forwarded = types_of(service.journal.entries).count("request.forwarded")
    assert 0 < forwarded < 40, "the client is expected to hash otherwise"
    for flow_run_id in asked:
        (armed,) = service.journal.about(flow_run_id)
        assert types_of([armed]) == ["cancellation.armed"]
        assert armed.source is not None
        assert armed.source.partition == service.partition_of(flow_run_id)


async def test_a_misplaced_record_is_forwarded_once_and_keeps_what_it_was(
    service: Service,
) -> None:
    flow_run_id = served_on(service, 1)
    request = {"type": "flow.cancel", "flow_run_id": flow_run_id}
    async with service.worker():
        asked = await service.ask(request, partition=0, key=b"of mine", headers=[("mine", b"x")])
        (forwarded,) = await service.journal.outcome_of(asked)
        assert forwarded.event == RequestForwarded(partition=1)
        (armed,) = await outcomes_of(service, flow_run_id)
        # Its id is where it first lay, so whoever sent it can find what came of it.
        assert armed.request_id == f"stop-0-{asked.offset}"
        (record,) = await service.read(service.names.stop_requests, 1)
        assert record.header("mine") == b"x"
        assert record.key == flow_run_id.encode()
        assert orjson.loads(record.value or b"") == request
        await assert_at_rest_and_right(service)


@pytest.mark.parametrize("is_signed", [True, False])
async def test_a_forwarded_record_is_judged_by_its_own_signature(
    service: Service, is_signed: bool
) -> None:
    flow_run_id = served_on(service, 1)
    request: dict[str, Any] = {"type": "flow.cancel", "flow_run_id": flow_run_id}
    value = orjson.dumps(request)
    headers = [(SIGNATURE_HEADER, signature(value, KEY))] if is_signed else []
    async with service.worker(accept_unsigned_cancels=False):
        await service.ask(value, partition=0, headers=headers)
        outcome = await outcomes_of(service, flow_run_id)
        assert (types_of(outcome) == ["cancellation.armed"]) is is_signed
        if not is_signed:
            assert code_of(outcome) == "not_allowed"


async def test_a_request_keeps_its_own_id_when_it_is_forwarded_twice(service: Service) -> None:
    flow_run_id = served_on(service, 1)
    request = {"type": "flow.cancel", "flow_run_id": flow_run_id, "request_id": "mine"}
    async with service.worker():
        await service.begin(flow_run_id)
        # As after a crash between the forwarding and the transaction that tells of it.
        for _ in range(2):
            await service.ask(request, partition=0)
        await service.journal.until(
            lambda: types_of(service.journal.entries).count("request.forwarded") == 2
        )
        await assert_at_rest_and_right(service)
    answers = [e for e in service.journal.about(flow_run_id) if e.request_id == "mine"]
    assert types_of(answers) == ["flow.cancelling", "request.refused"]
    assert code_of(answers[1:]) == "duplicate"


async def test_a_runners_own_records_are_never_forwarded(service: Service) -> None:
    async with service.worker():
        for partition in range(service.partitions):
            request = {"type": "runner.register", "runner_id": "r", "partition": 0}
            asked: Asked = await service.ask(request, partition=partition)
            outcome = await service.journal.outcome_of(asked)
            if partition == 0:
                assert types_of(outcome) == ["runner.registered"]
            else:
                assert code_of(outcome) == "unreadable"
        await assert_at_rest_and_right(service)
