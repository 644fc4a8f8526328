"""The inbox: nothing that was committed before one looked is missed, and nobody else's is read."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rescind.events import intents as wire
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.transactions import TransactionalProducer
from rescind.runners.client.clock import boot_seconds
from rescind.runners.client.hearing.inbox import Inbox
from tests.conftest import Cluster


class Writer:
    """Writes to partition 1 of the inbox as the lifecycle does, one transaction a record."""

    def __init__(self, cluster: Cluster, producer: TransactionalProducer) -> None:
        self._topics = cluster.names
        self._producer = producer

    async def tell(self, runner_id: str, request_id: str, *, behind: int = 0) -> None:
        """Write it behind so many large records of others; return when it can be read."""
        large = OutRecord(self._topics.inbox, b"somebody else", bytes(8_000), partition=1)
        told = wire.Inbox(runner_id=runner_id, accepted=(wire.Accepted(request_id=request_id),))
        value = told.model_dump_json(exclude_none=True).encode()
        mine = OutRecord(self._topics.inbox, runner_id.encode(), value, partition=1)
        await self._producer.transact([*[large] * behind, mine])
        # The markers come after the commit; a next transaction has waited for them.
        await self._producer.transact([large])


@pytest.fixture
async def writer(cluster: Cluster) -> AsyncIterator[Writer]:
    async with TransactionalProducer(cluster.connection, cluster.names.prefix, 1) as producer:
        yield Writer(cluster, producer)


@pytest.fixture
async def told(cluster: Cluster, writer: Writer) -> AsyncIterator[tuple[Inbox, list[str]]]:
    """The inbox of a runner, opened after something was there for it, and what it was told."""
    found: list[str] = []

    def on_told(told: wire.Inbox, _read_at_seconds: float) -> None:
        found.extend(accepted.request_id for accepted in told.accepted)

    await writer.tell("r", "before its time")
    inbox = Inbox(cluster.connection, cluster.names, "r", boot_seconds, on_told, lambda *_: None)
    await inbox.open()
    await inbox.use(1)
    yield inbox, found
    await inbox.close()


async def test_what_was_committed_before_one_looked_has_been_taken_in(
    told: tuple[Inbox, list[str]], writer: Writer
) -> None:
    inbox, found = told
    expected = [str(number) for number in range(10)]
    for number in expected:
        await writer.tell("r", number, behind=1_500)
        await inbox.read_to_end(1)
        assert found[-1:] == [number]
    assert found == expected


async def test_many_who_look_at_once_ask_few_questions_and_miss_nothing(
    told: tuple[Inbox, list[str]], writer: Writer
) -> None:
    inbox, found = told
    looking: list[asyncio.Task[None]] = []
    for number in range(20):
        # A question of before is under way: its answer may be older than what comes now.
        looking.append(asyncio.create_task(inbox.read_to_end(1)))
        await writer.tell("r", str(number))
        await asyncio.gather(*(inbox.read_to_end(1) for _ in range(100)))
        assert found[-1:] == [str(number)]
    await asyncio.gather(*looking)
