"""Kafka in trouble is nobody's fault but Kafka's: requests wait, and none is refused for it."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from rescind.errors import TransactionFailedError, UncertainError
from rescind.events.journal import Entry, RequestRefused
from rescind.events.refusals import Code
from rescind.kafka.connection import Connection
from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.kafka.writing.transactions import TransactionalProducer
from rescind.processors.shared.tools import Tools
from tests.broker import formatted_broker
from tests.kafka.processors.children import children_of
from tests.kafka.processors.faults.test_restart import register_runners
from tests.kafka.processors.journal import code_of, types_of
from tests.kafka.processors.load import FLOW_RUNS, SEEDS, load
from tests.kafka.processors.pipelines import running
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right


def internal_errors(entries: Iterable[Entry]) -> list[Entry]:
    return [
        entry
        for entry in entries
        if isinstance(entry.event, RequestRefused) and entry.event.code is Code.INTERNAL_ERROR
    ]


class _Faulty(TransactionalProducer):
    """Does with each transaction what the next word of the plan says; then all goes well."""

    plan: list[str]

    async def transact(self, records: Iterable[OutRecord]) -> None:
        step = self.plan.pop(0) if self.plan else "well"
        if step == "fails":
            raise TransactionFailedError(self.transactional_id, "the test says so")
        if step == "uncertain before":
            raise UncertainError(self.transactional_id, "the test says so")
        await super().transact(records)
        if step == "uncertain after":
            raise UncertainError(self.transactional_id, "the test says so")


def tools_with(plan: list[str]) -> type[Tools]:
    class Planned(Tools):
        def producer_for(self, partition: int) -> TransactionalProducer:
            producer = super().producer_for(partition)
            faulty = _Faulty.__new__(_Faulty)
            faulty.__dict__.update(producer.__dict__)
            faulty.plan = plan
            return faulty

    return Planned


@pytest.mark.parametrize(
    "plan",
    [
        ["uncertain after"],
        ["uncertain before"],
        ["well", "uncertain after", "uncertain after", "uncertain before", "uncertain after"],
        ["uncertain before"] * 4,
        ["fails"] * 2,
        ["fails"] * 8,
    ],
    ids=" ".join,
)
async def test_whatever_becomes_of_a_commit_each_request_has_one_outcome(
    service: Service, plan: list[str]
) -> None:
    left = list(plan)
    async with running(service, 0, kind=tools_with(left)) as serving:
        for number in range(5):
            request = {"type": "runner.register", "runner_id": f"r{number}"}
            outcome = await service.answer_to(request, partition=0)
            assert types_of(outcome) == ["runner.registered"]
        assert left == []
        assert not serving.task.done()
        await assert_at_rest_and_right(service)


async def test_a_record_that_kafka_will_not_take_is_refused_and_the_next_goes_on(
    service: Service,
) -> None:
    class Refusing(Tools):
        def producer_for(self, partition: int) -> TransactionalProducer:
            producer = super().producer_for(partition)
            write = producer.transact

            async def transact(records: Iterable[OutRecord]) -> None:
                written = list(records)
                if any(b"poison" in (r.key or b"") for r in written if "journal" in r.topic):
                    raise TransactionFailedError(producer.transactional_id, "too large for it")
                await write(written)

            producer.transact = transact  # type: ignore[method-assign]
            return producer

    async with running(service, 0, kind=Refusing):
        first = await service.ask({"type": "runner.register", "runner_id": "r1"}, partition=0)
        bad = await service.ask({"type": "runner.register", "runner_id": "poison"}, partition=0)
        last = await service.ask({"type": "runner.register", "runner_id": "r2"}, partition=0)
        assert types_of(await service.journal.outcome_of(first)) == ["runner.registered"]
        assert code_of(await service.journal.outcome_of(bad)) == "internal_error"
        assert types_of(await service.journal.outcome_of(last)) == ["runner.registered"]
        await assert_at_rest_and_right(service)


@pytest.fixture
async def own_broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    async with formatted_broker(tmp_path / "kafka") as broker:
        yield broker


@pytest.mark.sized
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_broker_killed_and_restarted_under_load_loses_and_doubles_nothing(
    own_broker: EmbeddedBroker, tmp_path: Path, seed: int
) -> None:
    names = TopicNames("t.")
    connection = Connection(own_broker.bootstrap)
    await create_topics(connection, topic_specs(names), partitions=2, replicas=1)
    async with Service(connection, names, 2) as service, children_of(service, tmp_path) as children:
        children.start()
        await register_runners(service)
        requests = list(load(seed, FLOW_RUNS))
        for number, request in enumerate(requests):
            service.post(request)
            if number == len(requests) // 2:
                await service.journal.grows()
                own_broker.kill()
                await own_broker.start_async()
            elif number % 50 == 0:
                await service.journal.grows()
        await service.sender.flush()
        await assert_at_rest_and_right(service)
        # Nobody's request is refused because Kafka was away.
        assert internal_errors(service.journal.entries) == []
