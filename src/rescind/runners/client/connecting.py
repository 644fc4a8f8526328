"""From settings to the tools of a runner: waits for Kafka and its topics, and says so once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import structlog

from rescind.errors import BrokerError, RunnerClosedError, TopicsError
from rescind.kafka.connection import Connection, connect
from rescind.kafka.reading.ends import EndsAsker
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.runners.client.clock import Clock
from rescind.runners.client.hearing.waiting import Waiting
from rescind.runners.client.living.tools import Tools
from rescind.runners.client.sending.outbox import Outbox
from rescind.runners.client.sending.spill import Spill
from rescind.settings import Settings

__all__ = ["open_tools"]

_TRY_SECONDS: Final = 3.0
_BACKOFF_SECONDS: Final = 0.2
_BACKOFF_SECONDS_MAX: Final = 2.0
# What a sender is given at its end: everything that matters was flushed before.
_CLOSE_SECONDS: Final = 1.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_tools(
    settings: Settings, clock: Clock, wait_seconds: float
) -> AsyncGenerator[Tools]:
    """Connect, and disconnect in the end.

    Raises `BrokerUnavailableError` or `TopicsError` if that was not possible for `wait_seconds`.
    """
    topics = TopicNames(settings.topic_prefix)
    connection, partitions = await _patiently(lambda: _look(settings, topics), wait_seconds)
    sender = Sender(connection)
    await sender.start(wait_seconds=wait_seconds)
    spill = Spill(settings.data_dir)
    waiting = Waiting(sender.post)
    lanes = [
        Outbox(sender.post, topic, spill, waiting.sent)
        for topic in (topics.start_requests, topics.stop_requests)
    ]
    try:
        yield Tools(
            connection=connection,
            topics=topics,
            sender=sender,
            start_lane=lanes[0],
            stop_lane=lanes[1],
            waiting=waiting,
            partitions=partitions,
            heartbeat_seconds=settings.heartbeat_seconds,
            clock=clock,
        )
    finally:
        waiting.fail_all(lambda: RunnerClosedError("an answer"))
        for lane in lanes:
            lane.close()
        spill.close()
        await sender.close(wait_seconds=_CLOSE_SECONDS)


async def _look(settings: Settings, topics: TopicNames) -> tuple[Connection, int]:
    connection = connect(settings)
    async with EndsAsker(connection, topics.inbox, wait_seconds=_TRY_SECONDS) as asker:
        return connection, await asker.partitions()


async def _patiently(look: Callable[[], Awaitable[T]], wait_seconds: float) -> T:
    """Try until it works, for so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_seconds
    backoff = _BACKOFF_SECONDS
    said = False
    while True:
        try:
            return await look()
        except (BrokerError, TopicsError) as error:
            if loop.time() + backoff > until:
                raise
            if not said:
                _log.warning("a runner waits for Kafka", why=str(error))
                said = True
        await asyncio.sleep(backoff)
        backoff = min(2 * backoff, _BACKOFF_SECONDS_MAX)
