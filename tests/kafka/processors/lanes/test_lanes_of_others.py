"""The lanes are written by others: with transactions, with gaps, and kept for some time only."""

import contextlib
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from rescind.errors import OutOfRangeError, TopicsError
from rescind.events.journal import RequestsLost
from rescind.kafka.topics import create_topics, topic_specs
from rescind.processors.lifecycle.lifecycle import Place
from rescind.processors.pipeline.intake import Intake
from rescind.processors.pipeline.pipeline import Pipeline
from rescind.statemachine.audit import FindingCode
from rescind.statemachine.policy import Policy
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.pipelines import running, tools_of
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right
from tests.waiting import until


def leaves(runner_id: str) -> dict[str, Any]:
    return {"type": "runner.leave", "runner_id": runner_id}


async def drop_before(service: Service, topic: str, partition: int, offset: int) -> None:
    """As retention does it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=service.connection.bootstrap)
    await admin.start()
    try:
        place = TopicPartition(topic, partition)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


async def test_requests_that_retention_took_are_said_to_be_lost_and_the_chain_goes_on(
    service: Service,
) -> None:
    lane = service.names.stop_requests
    async with service.worker(0):
        await service.answer_to(leaves("r0"), partition=0)
    for number in range(1, 10):
        await service.ask(leaves(f"r{number}"), partition=0)
    await drop_before(service, lane, 0, 6)
    async with service.worker():
        kept = await service.answer_to(leaves("r10"), partition=0)
        assert types_of(kept) == ["runner.left"]
        (lost,) = [e for e in service.journal.entries if isinstance(e.event, RequestsLost)]
        assert lost.event == RequestsLost(first=1, last=5)
        assert lost.at_ms > kept[0].at_ms - 60_000, "by the broker's clock"
        left = [e.stream_id for e in service.journal.entries if e.event.type == "runner.left.v1"]
        assert left == ["r0", *(f"r{number}" for number in range(6, 11))]
        # What retention took before it was read has its outcome, what it took later had one.
        await drop_before(service, lane, 0, 11)
    async with service.worker():
        await service.answer_to(leaves("r11"), partition=0)
    assert len([e for e in service.journal.entries if isinstance(e.event, RequestsLost)]) == 1


async def test_requests_that_retention_takes_under_a_running_worker_are_said_to_be_lost(
    service: Service,
) -> None:
    lane = TopicPartition(service.names.stop_requests, 0)
    async with running(service, 0) as serving:
        await service.answer_to(leaves("r0"), partition=0)
        # As on a machine that is too slow: it fetches no more than what it has asked for already.
        fetching = consumer_of(serving.pipeline.intake, lane)
        fetching.pause(lane)
        for number in range(1, 9):
            await service.ask(leaves(f"r{number}"), partition=0)
        await drop_before(service, lane.topic, 0, 8)
        fetching.resume(lane)
        await service.journal.until(lambda: _has_left(service, "r8"))
    async with service.worker():
        await assert_at_rest_and_right(service, but={FindingCode.REQUESTS_LOST})
    (lost,) = [e.event for e in service.journal.entries if isinstance(e.event, RequestsLost)]
    assert lost.first in (1, 2)
    assert lost.last == 7


def consumer_of(intake: Intake, lane: TopicPartition) -> AIOKafkaConsumer:
    readers = [r for r in intake._readers.values() if r.topic == lane.topic]  # noqa: SLF001
    consumer = readers[0]._consumer  # noqa: SLF001
    assert consumer is not None
    return consumer


def _has_left(service: Service, runner_id: str) -> bool:
    return bool(service.journal.about(runner_id))


async def test_producers_may_use_transactions_and_what_they_abort_is_never_decided(
    service: Service,
) -> None:
    lanes = {"stop": service.names.stop_requests, "start": service.names.start_requests}
    async with AIOKafkaProducer(
        bootstrap_servers=service.connection.bootstrap, transactional_id=service.names.prefix
    ) as producer:

        async def ask(number: int, *, commit: bool) -> None:
            await producer.begin_transaction()
            for lane, topic in lanes.items():
                word = "register" if lane == "start" else "leave"
                ended = "kept" if commit else "aborted"
                value = {"type": f"runner.{word}", "runner_id": f"{lane}-{ended}-{number}"}
                await producer.send_and_wait(topic, orjson.dumps(value), partition=0)
            await (producer.commit_transaction() if commit else producer.abort_transaction())

        for number in range(4):
            await ask(number, commit=number % 2 == 0)
        async with service.worker():
            for number in range(4, 12):
                await ask(number, commit=number % 2 == 0)
            await assert_at_rest_and_right(service)
        # The last things in the lanes are markers.
        async with service.worker():
            await ask(12, commit=True)
            await service.journal.until(lambda: _has_left(service, "stop-kept-12"))
            await assert_at_rest_and_right(service)
    assert [e.stream_id for e in service.journal.entries if "aborted" in e.stream_id] == []
    assert len(service.journal.entries) == 14


async def test_a_lane_that_was_made_anew_is_not_taken_for_the_old_one(service: Service) -> None:
    lane = service.names.stop_requests
    async with running(service, 0):
        for number in range(5):
            await service.answer_to(leaves(f"r{number}"), partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=service.connection.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([lane])
    finally:
        await admin.close()

    async def is_there_again() -> bool:
        specs = topic_specs(service.names)
        with contextlib.suppress(TopicsError):
            return await create_topics(service.connection, specs, partitions=2, replicas=1) == [
                lane
            ]
        return False

    await until(is_there_again)
    async with tools_of(service.settings()) as tools:
        place = Place(0, service.partitions, service.names, {})
        pipeline = Pipeline(place, Policy(), tools)
        try:
            with pytest.raises(OutOfRangeError, match="offset 5"):
                await pipeline.take_over()
        finally:
            await pipeline.stop()
