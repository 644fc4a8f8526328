"""A broker that has been running for a while: Java compiles what is used, and only then is quick.

A fresh broker took 7 to 13 ms of processor for a transaction, one that was warm 4 to 5 (both on a
busy machine), and a transaction 15 and 3.7 ms.
Brokers run for months, so what is measured is a warm one; one that was given is taken to be so.
"""

import asyncio
import time

from benchmarks.place import Place
from benchmarks.seeing import watching
from benchmarks.service import PARTITIONS, topics_of_its_own
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.kafka.writing.transactions import TransactionalProducer

__all__ = ["warm_up"]


async def warm_up(place: Place) -> None:
    """Transactions, plain records and readers on topics of its own, for a while."""
    seconds = place.size(60, 20)
    place.say(f"warming the broker up for {seconds} s")
    async with topics_of_its_own(place) as names:
        until = time.monotonic() + seconds
        async with (
            watching(place.connection, names.journal, lambda _record: []),
            watching(place.connection, names.inbox, lambda _record: []),
            watching(place.connection, names.stop_requests, lambda _record: []),
        ):
            transactions = [
                _transact(place, names, partition, until) for partition in range(PARTITIONS)
            ]
            await asyncio.gather(_send(place, names, until), *transactions)


async def _transact(place: Place, names: TopicNames, partition: int, until: float) -> None:
    ahead = [names.journal, names.inbox, names.open_flows, names.flow_states]
    records = [OutRecord(topic, b"k", b"." * 400) for topic in ahead] * 5
    async with TransactionalProducer(
        place.connection, f"{names.prefix}{partition}", partition, ahead=ahead
    ) as producer:
        while time.monotonic() < until:
            await producer.transact(records)


async def _send(place: Place, names: TopicNames, until: float) -> None:
    record = OutRecord(names.stop_requests, b"k", b"." * 300)
    async with Sender(place.connection) as sender:
        while time.monotonic() < until:
            await sender.send(record)
