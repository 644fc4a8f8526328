"""The transactional producer on a real broker: all or nothing, one owner, and what is told."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from rescind.errors import (
    FencedError,
    RecordTooLargeError,
    TransactionFailedError,
    UncertainError,
)
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import read_to_end, written_ends
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames, create_topics, record_limits, topic_specs
from rescind.kafka.writing import transactions
from rescind.kafka.writing.batches import Batch
from rescind.kafka.writing.transactions import TransactionalProducer
from tests.broker import formatted_broker
from tests.conftest import Cluster
from tests.waiting import until


def producer_of(
    connection: Connection,
    names: TopicNames,
    partition: int,
    kind: type[TransactionalProducer] = TransactionalProducer,
) -> TransactionalProducer:
    return kind(
        connection,
        names.transactional_id(partition),
        partition,
        ahead=[names.journal, names.open_flows],
        limits=record_limits(names),
    )


async def read(connection: Connection, topic: str, partition: int = 0) -> list[Record]:
    return [r async for batch in read_to_end(connection, topic, partition) for r in batch]


async def values(connection: Connection, topic: str, partition: int = 0) -> list[bytes | None]:
    return [record.value for record in await read(connection, topic, partition)]


async def shows(
    connection: Connection, topic: str, expected: Sequence[bytes | None], partition: int = 0
) -> None:
    """Wait until readers see exactly this: a commit is decided a moment before it is visible."""
    seen: list[bytes | None] = []

    async def as_expected() -> bool:
        seen[:] = await values(connection, topic, partition)
        return seen == expected

    try:
        await until(as_expected)
    except AssertionError as error:
        raise AssertionError(f"expected {expected}, but readers see {seen}") from error


async def freeze(pid: int) -> None:
    """SIGSTOP, until each thread stands still: one that runs may answer for a moment longer."""
    os.kill(pid, signal.SIGSTOP)

    def stands_still() -> bool:
        threads = Path(f"/proc/{pid}/task").iterdir()
        return all((t / "stat").read_text().rpartition(")")[2].split()[0] == "T" for t in threads)

    await until(stands_still)


async def test_what_is_written_together_is_read_together(cluster: Cluster) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 1) as producer:
        await producer.transact(
            [
                OutRecord(names.journal, b"k", b"event", [("ce_id", b"1")]),
                OutRecord(names.open_flows, b"k", b"state"),
                OutRecord(names.inbox, b"r", None),
            ]
        )
    await shows(cluster.connection, names.open_flows, [b"state"], 1)
    await shows(cluster.connection, names.inbox, [None], 1)
    await shows(cluster.connection, names.journal, [b"event"], 1)
    (event,) = await read(cluster.connection, names.journal, 1)
    assert (event.key, event.value, event.header("ce_id")) == (b"k", b"event", b"1")
    assert await values(cluster.connection, names.journal, 0) == []


async def test_transactions_and_the_records_in_them_keep_their_order(cluster: Cluster) -> None:
    names = cluster.names
    written = [b"%06d" % number + b"x" * 1000 for number in range(3000)]
    async with producer_of(cluster.connection, names, 0) as producer:
        for first in range(0, len(written), 1000):
            # A thousand of them make two batches.
            await producer.transact(
                OutRecord(names.journal, b"k", value) for value in written[first : first + 1000]
            )
    await shows(cluster.connection, names.journal, written)


async def test_a_record_over_its_topics_limit_is_refused_before_anything_is_sent(
    cluster: Cluster,
) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as producer:
        with pytest.raises(RecordTooLargeError, match=names.journal):
            await producer.transact(
                [OutRecord(names.inbox, b"r", b"x"), OutRecord(names.journal, b"k", bytes(3 << 20))]
            )
        large = bytes(1 << 20)
        await producer.transact([OutRecord(names.journal, b"k", large)])
    assert await values(cluster.connection, names.inbox) == []
    await shows(cluster.connection, names.journal, [large])


async def test_a_new_owner_fences_the_old_one(cluster: Cluster) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as old:
        await old.transact([OutRecord(names.journal, b"k", b"old")])
        async with producer_of(cluster.connection, names, 0) as new:
            with pytest.raises(FencedError):
                await old.transact([OutRecord(names.journal, b"k", b"zombie")])
            await new.transact([OutRecord(names.journal, b"k", b"new")])
        with pytest.raises(FencedError):
            await old.transact([OutRecord(names.journal, b"k", b"zombie again")])
    await shows(cluster.connection, names.journal, [b"old", b"new"])


async def test_what_an_old_owner_left_open_is_never_read(cluster: Cluster) -> None:
    names = cluster.names
    left_open = AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap, transactional_id=names.transactional_id(0)
    )
    async with left_open:
        await left_open.begin_transaction()
        await left_open.send_and_wait(names.journal, b"half", key=b"k", partition=0)
        async with producer_of(cluster.connection, names, 0) as new:
            # Readers are not held up: starting has settled it.
            assert await values(cluster.connection, names.journal) == []
            await new.transact([OutRecord(names.journal, b"k", b"whole")])
            await shows(cluster.connection, names.journal, [b"whole"])


async def test_the_same_producer_can_be_started_again(cluster: Cluster) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as producer:
        await producer.transact([OutRecord(names.journal, b"k", b"1")])
        await producer.start()
        await producer.transact([OutRecord(names.journal, b"k", b"2")])
    await shows(cluster.connection, names.journal, [b"1", b"2"])


class Renewing(TransactionalProducer):
    """Counts its renewals."""

    renewals = 0

    async def _renew(self, producer: AIOKafkaProducer) -> None:
        await super()._renew(producer)
        self.renewals += 1

    async def renewed(self, times: int) -> None:
        """Wait until it was renewed so often from now on."""
        wanted = self.renewals + times
        await until(lambda: self.renewals >= wanted, within_seconds=60)


async def test_an_idle_producer_writes_nothing_and_outlives_kafkas_limit_for_a_transaction(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_TRANSACTION_MS", 1500)
    monkeypatch.setattr(transactions, "_RENEW_SECONDS", 0.3)
    names = cluster.names

    async def written() -> list[int]:
        return [
            (await written_ends(cluster.connection, topic))[0]
            for topic in (names.journal, names.open_flows)
        ]

    async with producer_of(cluster.connection, names, 0, kind=Renewing) as producer:
        assert isinstance(producer, Renewing)
        for number in range(2):
            # What was added ahead leaves a marker, once.
            await producer.renewed(1)
            before = await written()
            # Three times as long as the limit.
            await producer.renewed(15)
            assert await written() == before
            await producer.transact([OutRecord(names.journal, b"k", b"%d" % number)])
            await producer.transact([OutRecord(names.open_flows, b"k", b"at once")])
    await shows(cluster.connection, names.journal, [b"0", b"1"])


async def test_the_connection_of_an_idle_producer_is_used(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_RENEW_SECONDS", 0.1)
    names = cluster.names
    async with producer_of(cluster.connection, names, 0, kind=Renewing) as producer:
        assert isinstance(producer, Renewing)
        await producer.renewed(2)
        client = producer._producer.client  # type: ignore[union-attr] # noqa: SLF001
        used = client._conns  # noqa: SLF001
        before = {key: connection._correlation_id for key, connection in used.items()}  # noqa: SLF001
        await producer.renewed(3)
        after = {key: connection._correlation_id for key, connection in used.items()}  # noqa: SLF001
        assert sum(after.values()) >= sum(before.values()) + 3


async def test_two_transactions_at_once_follow_each_other(cluster: Cluster) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as producer:
        await asyncio.gather(
            *(producer.transact([OutRecord(names.journal, b"k", b"%d" % n)]) for n in range(20))
        )
    await shows(cluster.connection, names.journal, [b"%d" % n for n in range(20)])


async def test_a_cancelled_transaction_is_not_written_and_needs_a_new_start(
    cluster: Cluster,
) -> None:
    names = cluster.names
    async with producer_of(cluster.connection, names, 0) as producer:
        writing = asyncio.create_task(
            producer.transact([OutRecord(names.journal, b"k", bytes(400_000))] * 20)
        )
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        with pytest.raises(TransactionFailedError):
            await producer.transact([OutRecord(names.journal, b"k", b"not yet")])
        await producer.start()
        await producer.transact([OutRecord(names.journal, b"k", b"now")])
    await shows(cluster.connection, names.journal, [b"now"])


@pytest.mark.slow
async def test_a_broker_that_hangs_gives_failed_before_the_commit_and_uncertain_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_WATCHDOG_SECONDS", 2.0)
    names = TopicNames("t.")
    async with formatted_broker(tmp_path) as broker:
        connection = Connection(broker.bootstrap)
        await create_topics(connection, topic_specs(names), partitions=1, replicas=1)
        pid = broker.pid
        assert pid is not None
        send = transactions._send  # noqa: SLF001

        async def send_and_hang(producer: AIOKafkaProducer, batches: Sequence[Batch]) -> None:
            await send(producer, batches)
            await freeze(pid)

        async with producer_of(connection, names, 0) as producer:
            await freeze(pid)
            with pytest.raises(TransactionFailedError, match="within 2 s"):
                await producer.transact([OutRecord(names.journal, b"k", b"failed")])
            os.kill(pid, signal.SIGCONT)
            monkeypatch.setattr(transactions, "_WATCHDOG_SECONDS", 20.0)
            await producer.start()

            monkeypatch.setattr(transactions, "_WATCHDOG_SECONDS", 2.0)
            monkeypatch.setattr(transactions, "_send", send_and_hang)
            with pytest.raises(UncertainError):
                await producer.transact(
                    [OutRecord(names.journal, b"k", b"?"), OutRecord(names.inbox, b"r", b"?")]
                )
            monkeypatch.setattr(transactions, "_send", send)
            os.kill(pid, signal.SIGCONT)
            monkeypatch.setattr(transactions, "_WATCHDOG_SECONDS", 20.0)
            await producer.start()
            # Which it was is known now, and it was the same in both topics.
            settled = await values(connection, names.journal)
            assert settled in ([], [b"?"])
            assert await values(connection, names.inbox) == settled
            await producer.transact([OutRecord(names.journal, b"k", b"next")])
            await shows(connection, names.journal, [*settled, b"next"])
