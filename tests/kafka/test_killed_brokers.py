"""A killed broker has what it said to be committed; what hangs in it does not come back."""

import os
from pathlib import Path

import pytest

from rescind.errors import FencedError, TransactionFailedError, UncertainError
from rescind.kafka.connection import Connection
from rescind.kafka.embedded.formatting import data_folder
from rescind.kafka.reading.visits import written_ends
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from tests.broker import formatted_broker
from tests.kafka.test_transactions import producer_of, shows, values
from tests.waiting import until


@pytest.mark.slow
async def test_a_broker_that_is_killed_and_restarted_loses_nothing_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    names = TopicNames("t.")
    async with formatted_broker(tmp_path) as broker:
        connection = Connection(broker.bootstrap)
        await create_topics(connection, topic_specs(names), partitions=1, replicas=1)
        async with producer_of(connection, names, 0) as producer:
            await producer.transact([OutRecord(names.journal, b"k", b"before")])
            # Committed, and its markers may not be written yet.
            broker.kill()
            await broker.start_async()
            # Idle, it would go on as if nothing had been: whoever owns it has to look first.
            with pytest.raises(TransactionFailedError):
                producer.check()
            wanted = [b"before"]
            for number in range(5):
                value = b"%d" % number
                wanted.append(value)
                try:
                    await producer.transact([OutRecord(names.journal, b"k", value)])
                except (FencedError, UncertainError, TransactionFailedError):
                    await producer.start()
                    if await values(connection, names.journal) != wanted:
                        await producer.transact([OutRecord(names.journal, b"k", value)])
            await shows(connection, names.journal, wanted)


def drop_batches(log: Path, count: int) -> None:
    """Cut off the last batches of a log that no broker has open."""
    batches, at, written = list[int](), 0, log.read_bytes()
    while at < len(written):
        batches.append(at)
        at += 12 + int.from_bytes(written[at + 8 : at + 12])
    os.truncate(log, batches[-count])


async def test_what_kafka_has_ended_without_markers_does_not_come_back_with_the_next_transaction(
    tmp_path: Path,
) -> None:
    names = TopicNames("t.")
    async with formatted_broker(tmp_path) as broker:
        connection = Connection(broker.bootstrap)
        await create_topics(connection, topic_specs(names), partitions=1, replicas=1)

        async def end() -> int:
            return (await written_ends(connection, names.journal))[0]

        async with producer_of(connection, names, 0) as producer:
            await producer.transact([OutRecord(names.journal, b"k", b"hangs")])
            await shows(connection, names.journal, [b"hangs"])
            committed = await end()

        async def aborted() -> bool:
            return await end() == committed + 1

        # What was begun ahead: with it the transaction's coordinator has nothing left to do.
        await until(aborted)
        broker.kill()
        log = data_folder(tmp_path / "kafka") / f"{names.journal}-0" / f"{0:020}.log"
        drop_batches(log, 2)
        await broker.start_async()
        async with producer_of(connection, names, 0) as producer:
            assert await values(connection, names.journal) == []
            await producer.transact([OutRecord(names.journal, b"k", b"next")])
            await shows(connection, names.journal, [b"next"])
