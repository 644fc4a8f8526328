"""The inbox of one incarnation: the partitions of the flow runs that it serves, and no others.

The end of a partition is resolved before the runner's first request there, so nothing that the
service says to it can lie before where it reads. Reminders come by a topic of their own and say
the same again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from rescind.errors import BrokerError
from rescind.events import intents as wire
from rescind.kafka.connection import Connection
from rescind.kafka.reading.ends import EndsAsker
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from rescind.runners.client.clock import Clock
from rescind.runners.client.hearing.follower import Follower
from rescind.runners.client.hearing.reading import read_told

__all__ = ["Inbox", "OnReminder", "OnTold"]

OnTold = Callable[[wire.Inbox, float], None]
"""Told an inbox record, and when it was read, by the runner's clock."""

OnReminder = Callable[[wire.Reminder, float], None]

_BACKOFF_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


class Inbox:
    """Reads what this runner is told. `on_told` and `on_reminder` must be quick."""

    def __init__(
        self,
        connection: Connection,
        topics: TopicNames,
        runner_id: str,
        clock: Clock,
        on_told: OnTold,
        on_reminder: OnReminder,
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._key = runner_id.encode()
        self._clock = clock
        self._on_told = on_told
        self._on_reminder = on_reminder
        self._asker = EndsAsker(connection, topics.inbox)
        self._reminder_asker = EndsAsker(connection, topics.reminders)
        self._followers: dict[int, Follower] = {}
        self._reminders: Follower | None = None
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._next: dict[int, asyncio.Task[None]] = {}

    async def open(self) -> None:
        """Connect, waiting for a broker for as long as it takes."""
        await self._asker.__aenter__()

    async def partitions(self) -> int:
        """How many partitions there are.

        Raises `TopicsError` if the topic is missing, `BrokerUnavailableError` if nobody answers.
        """
        return await self._asker.partitions()

    async def read_reminders(self, partition: int) -> None:
        """Read reminders, from now on."""
        async with self._reminder_asker as asker:
            start = await _persistently(lambda: asker.ends([partition]))
        self._reminders = Follower(
            self._connection, self._topics.reminders, partition, start[partition], self._reminded
        )

    async def use(self, partition: int) -> None:
        """Read this partition too, from its end as it is now."""
        if partition not in self._followers:
            start = await _persistently(lambda: self._asker.ends([partition]))
            if partition not in self._followers:
                self._followers[partition] = Follower(
                    self._connection, self._topics.inbox, partition, start[partition], self._took
                )

    async def read_to_end(self, partition: int) -> None:
        """Return when everything is taken in that was committed there at the moment of the call.

        Raises `BrokerUnavailableError` if the end cannot be asked within five seconds.
        """
        asked = self._next.get(partition)
        if asked is None:
            # Whoever asks while an older question is under way shares the next one, and not that:
            # it may have been answered already, before what this caller must not miss.
            before = self._reading.get(partition)
            asked = self._next[partition] = asyncio.create_task(
                self._read_to_end(partition, before),
                name=f"end of {self._topics.inbox}-{partition}",
            )
            asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(asked)

    async def close(self) -> None:
        """Read no more."""
        for task in (*self._reading.values(), *self._next.values()):
            task.cancel()
        followers = list(self._followers.values())
        if self._reminders is not None:
            followers.append(self._reminders)
        await asyncio.gather(*(follower.close() for follower in followers))
        await self._asker.close()

    def _took(self, record: Record) -> None:
        if record.key == self._key:
            read_at_seconds = self._clock()
            told = read_told(wire.Inbox, record.value)
            if told is not None:
                self._on_told(told, read_at_seconds)

    def _reminded(self, record: Record) -> None:
        if record.key == self._key:
            reminder = read_told(wire.Reminder, record.value)
            if reminder is not None:
                self._on_reminder(reminder, self._clock())

    async def _read_to_end(self, partition: int, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.wait([before])
        self._reading[partition] = self._next.pop(partition)
        end = (await self._asker.ends([partition]))[partition]
        await self._followers[partition].reach(end)


async def _persistently(
    ask: Callable[[], Coroutine[Any, Any, dict[int, int]]],
) -> dict[int, int]:
    while True:
        try:
            return await ask()
        except BrokerError as error:
            _log.debug("the end of a partition cannot be asked; trying again", why=str(error))
            await asyncio.sleep(_BACKOFF_SECONDS)
