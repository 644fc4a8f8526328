"""What one transaction costs here: the context of every other figure.

As the lifecycle writes it for a cancel, one small record in each of five topics, alone and back
to back; with none, some or all of the partitions asked for ahead. And as aiokafka does it by
itself, with its pause of 20 ms between transactions.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

import aiokafka.producer.sender as aiokafka_sender
from aiokafka import AIOKafkaProducer

from benchmarks.place import Place, cpu_seconds
from benchmarks.rows import Row, percentile
from benchmarks.service import topics_of_its_own
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.transactions import TransactionalProducer

__all__ = ["run"]

# So that the markers of the transaction before are surely written.
PAUSE_SECONDS = 0.05
WARM_UP = 10

_Transact = Callable[[], Awaitable[None]]


class _Way(NamedTuple):
    """One way to write a transaction, and what it took: alone, and back to back."""

    what: str
    transact: _Transact
    alone_ms: list[float]
    in_a_row_ms: list[float]
    broker_ms: list[float]


async def run(place: Place) -> list[Row]:
    """Rows without targets; the ways take turns, so that noise hits all of them."""
    rounds, each = place.size(8, 3), place.size(40, 15)
    async with topics_of_its_own(place) as names, AsyncExitStack() as stack:
        place.say("transactions")
        ways = await _ways(stack, place, names)
        for number in range(rounds):
            for way in ways:
                await _measure(way, each, WARM_UP if number == 0 else 2, place.broker_pid)
    return [row for way in ways for row in _rows(way, rounds)]


def _rows(way: _Way, rounds: int) -> list[Row]:
    broker = ""
    if way.broker_ms:
        broker = f"; {percentile(way.broker_ms, 50):.1f} ms of the broker's processor"
    return [
        Row(
            "transactions",
            f"{way.what}, {how}, p50",
            percentile(values, 50),
            "ms",
            note=f"N {len(values)} in {rounds} rounds, p10 {percentile(values, 10):.1f}, "
            f"p90 {percentile(values, 90):.1f}, p99 {percentile(values, 99):.1f} ms{more}",
        )
        for how, values, more in (
            ("alone", way.alone_ms, ""),
            ("back to back", way.in_a_row_ms, broker),
        )
    ]


async def _measure(way: _Way, each: int, warm_up: int, broker_pid: int | None) -> None:
    for _ in range(warm_up):
        await way.transact()
    for _ in range(each):
        await asyncio.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        await way.transact()
        way.alone_ms.append((time.perf_counter() - began) * 1000)
    used = 0.0 if broker_pid is None else cpu_seconds(broker_pid)
    for _ in range(each):
        began = time.perf_counter()
        await way.transact()
        way.in_a_row_ms.append((time.perf_counter() - began) * 1000)
    if broker_pid is not None:
        way.broker_ms.append((cpu_seconds(broker_pid) - used) / each * 1000)


async def _ways(stack: AsyncExitStack, place: Place, names: TopicNames) -> list[_Way]:
    plain = await _plain(stack, place, names)
    written = _written(names)
    every = [*written, names.task_states, names.open_tasks]
    ways = [_Way("one transaction as aiokafka has it", plain, [], [], [])]
    for what, ahead in (
        ("none", []),
        ("three of its five", written[:3]),
        ("its five", written),
        ("its five and two others", every),
    ):
        producer = TransactionalProducer(
            place.connection, f"{names.prefix}{len(ahead)}", 0, ahead=ahead
        )
        await stack.enter_async_context(producer)
        ways.append(
            _Way(f"one transaction, {what} asked for ahead", _ours(producer, names), [], [], [])
        )
    return ways


async def _plain(stack: AsyncExitStack, place: Place, names: TopicNames) -> _Transact:
    producer = AIOKafkaProducer(
        **place.connection.options(), transactional_id=f"{names.prefix}plain", linger_ms=0
    )
    await producer.start()
    stack.push_async_callback(producer.stop)

    async def transact() -> None:
        # Ours set it for the whole process.
        ours, aiokafka_sender.BACKOFF_OVERRIDE = aiokafka_sender.BACKOFF_OVERRIDE, 0.02
        try:
            async with producer.transaction():
                sent = [
                    await producer.send(topic, b"." * 400, key=b"k", partition=1)
                    for topic in _written(names)
                ]
                await asyncio.gather(*sent)
        finally:
            aiokafka_sender.BACKOFF_OVERRIDE = ours

    return transact


def _ours(producer: TransactionalProducer, names: TopicNames) -> _Transact:
    records = [OutRecord(topic, b"k", b"." * 400) for topic in _written(names)]

    async def transact() -> None:
        await producer.transact(records)

    return transact


def _written(names: TopicNames) -> list[str]:
    return [names.journal, names.inbox, names.open_flows, names.flow_states, names.cancellations]
