"""Which brokers are taken, and what is said to those who have another one."""

import asyncio
from pathlib import Path

import pytest

from rescind.errors import BrokerUnavailableError, BrokerUnsupportedError
from rescind.kafka import versions
from rescind.kafka.connection import Connection
from rescind.kafka.versions import require_supported_broker, wait_for_supported_broker
from tests.broker import ServedBroker, embedded_broker


async def test_the_release_that_answers_is_told(broker: ServedBroker) -> None:
    release = await require_supported_broker(Connection(broker.bootstrap))
    assert release in {"4.1", "4.2", "4.3", "4.4"}


@pytest.mark.parametrize(
    "level, found",
    [(25, "Kafka 4.0"), (21, "Kafka older"), (34, "a newer Kafka"), (None, "does not say")],
)
def test_another_release_is_refused_by_name(level: int | None, found: str) -> None:
    with pytest.raises(BrokerUnsupportedError, match=found):
        versions._supported_release(Connection("kafka:9092"), level)  # noqa: SLF001


@pytest.mark.parametrize(
    "level, release", [(26, "4.1"), (27, "4.1"), (29, "4.2"), (30, "4.3"), (33, "4.4")]
)
def test_each_level_belongs_to_a_release(level: int, release: str) -> None:
    assert versions._supported_release(Connection("k:1"), level) == release  # noqa: SLF001


async def test_nobody_at_the_address_is_told_with_a_remedy() -> None:
    with pytest.raises(BrokerUnavailableError, match="RESCIND_BOOTSTRAP"):
        await require_supported_broker(Connection("127.0.0.1:1"), wait_seconds=0.3)


async def test_something_else_at_the_address_is_no_broker() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BrokerUnavailableError):
            await require_supported_broker(Connection(f"127.0.0.1:{port}"), wait_seconds=0.3)


async def test_waiting_says_so_once_and_ends_when_the_broker_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = embedded_broker(tmp_path)
    await broker.start_async()
    connection = Connection(broker.bootstrap)
    await broker.stop_async()
    waiting = asyncio.create_task(wait_for_supported_broker(connection))
    try:
        await broker.start_async()
        async with asyncio.timeout(60):
            assert await waiting == "4.4"
    finally:
        await broker.stop_async()
    assert len([r for r in caplog.records if "waiting for Kafka" in r.message]) == 1
