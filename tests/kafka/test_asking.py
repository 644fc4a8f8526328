"""Many ask at once on one line; each hears what came of its own request, and of no other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import TopicAuthorizationFailedError

from rescind.asking.line import Line, new_request_id
from rescind.asking.outcomes import outcome_of
from rescind.errors import NoAnswerError
from rescind.events.requests import FlowCancel
from rescind.kafka.records import Record
from rescind.processors.shared.keys import signing_keys
from tests.conftest import Cluster
from tests.kafka.processors.service import Service
from tests.waiting import until


@pytest.fixture
async def service(cluster: Cluster) -> AsyncIterator[Service]:
    async with Service(cluster.connection, cluster.names, cluster.partitions) as service:
        yield service


def cancel(flow_run_id: str) -> FlowCancel:
    return FlowCancel(request_id=new_request_id("test"), flow_run_id=flow_run_id)


def line_to(service: Service) -> Line:
    return Line(service.connection, service.names, signing_keys(service.settings()))


async def test_a_hundred_who_ask_at_once_hear_each_their_own(service: Service) -> None:
    requests = [cancel(f"flow-{number % 50}") for number in range(100)]

    async with service.worker(), line_to(service) as line:
        answers = await asyncio.gather(*[line.ask(each, within_seconds=60) for each in requests])

    assert [entry.request_id for entry in answers] == [each.request_id for each in requests]
    outcomes = [outcome_of(entry, is_known=False) for entry in answers]
    assert outcomes == ["armed"] * 100
    assert [entry.event.type for entry in answers].count("cancellation.armed.v1") == 50
    assert all(entry.actor is not None and entry.actor.verified for entry in answers)


async def test_who_hears_nothing_in_time_is_told_the_request_and_others_are_answered(
    service: Service,
) -> None:
    async with line_to(service) as line:
        unanswered = cancel("early")
        with pytest.raises(NoAnswerError) as raised:
            await line.ask(unanswered, within_seconds=0.05)
        async with service.worker():
            late = await line.ask(cancel("early"), within_seconds=60)

    assert raised.value.request_id == unanswered.request_id
    # The first is in Kafka all the same, and was there before.
    assert outcome_of(late, is_known=False) == "armed"
    assert late.event.type == "request.refused.v1"


async def test_a_line_that_has_lost_its_place_in_the_journal_finds_it_again(
    service: Service,
) -> None:
    async with service.worker(), line_to(service) as line:
        journal = line._journal  # noqa: SLF001 - as after records were removed by retention
        assert journal is not None
        for partition in range(service.partitions):
            journal.seek(partition, 1_000_000)
        await until(lambda: line._journal not in {journal, None}, within_seconds=60)  # noqa: SLF001

        answer = await line.ask(cancel("f"), within_seconds=60)

    assert outcome_of(answer, is_known=False) == "armed"


async def test_a_line_that_may_not_read_the_journal_for_a_while_hears_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deaf for good, a server would say of every cancel that nobody has answered yet."""
    async with service.worker(), line_to(service) as line:
        journal = line._journal  # noqa: SLF001
        assert journal is not None

        async def may_not(**_how: object) -> list[Record]:
            raise TopicAuthorizationFailedError(service.names.journal)

        monkeypatch.setattr(journal, "fetch", may_not)
        # It may be in a fetch that goes on until something comes; whether this is heard is chance.
        with contextlib.suppress(NoAnswerError):
            await line.ask(cancel("f"), within_seconds=1)
        await until(lambda: line._journal not in {journal, None}, within_seconds=60)  # noqa: SLF001

        answer = await line.ask(cancel("g"), within_seconds=60)

    assert outcome_of(answer, is_known=False) == "armed"
