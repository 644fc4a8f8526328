"""`LaneMembership`: which partitions of the two lanes are this worker's, told as they change.

The group decides who serves a partition, and nothing else: the records are read by a
`PartitionReader` for each lane and partition, and who may write is decided by fencing. So a
worker goes on with its partitions through a rebalance, until the new assignment is there: what
it keeps is not interrupted, and what it has lost is taken from it by the new owner's producer.

Both lanes of a partition go to one worker: they have the same number of partitions and are
assigned by range. Nothing happens inside the callbacks of the group, since no heartbeat is sent
while they run and what they raise is only logged.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from rescind.errors import InstanceTakenError, TopicsError
from rescind.kafka.clients.internals import (
    discard_consumer,
    leave_on_stop,
    member_id,
    partitions_of,
)
from rescind.kafka.clients.starting import started
from rescind.kafka.connection import Connection
from rescind.kafka.owning.fencing import Fencing
from rescind.kafka.owning.instances import InstanceSlot
from rescind.kafka.topics.names import TopicNames
from rescind.settings import Settings

__all__ = ["LaneMembership"]

log = logging.getLogger(__name__)

_SESSION_MS: Final = 6000
_HEARTBEAT_MS: Final = 1000
_POLL_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 15.0
_LEAVE_SECONDS: Final = 5.0


class LaneMembership:
    """This worker's place in the lifecycle's group: `start` it, then wait for `changed`."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        names = TopicNames(settings.topic_prefix)
        self._connection = connection
        self._group = names.lifecycle_group
        self._topics = (names.stop_requests, names.start_requests)
        self._instance_id = settings.instance_id
        self._slot: InstanceSlot | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._fencing: Fencing | None = None
        self._polling: asyncio.Task[None] | None = None
        self._assigned: frozenset[int] | None = None
        self._told: frozenset[int] | None = None
        self._news = asyncio.Event()
        self.partitions = 0

    @property
    def assigned(self) -> frozenset[int]:
        """The partitions that the group has given to this worker, as far as it has been told."""
        return self._assigned or frozenset()

    @property
    def instance_id(self) -> str:
        """The name under which the group knows this worker, also after a restart."""
        assert self._instance_id is not None, "not started"
        return self._instance_id

    async def start(self, *, wait_seconds: float = math.inf) -> None:
        """Join the group; does not wait for its answer. Sets ``partitions``, the number of all.

        Raises `TopicsError` if the lanes are missing or differ in number of partitions, and
        `BrokerUnavailableError` if nothing answered for ``wait_seconds``.
        """
        if self._instance_id is None:
            self._slot = InstanceSlot(self._group)
            self._instance_id = self._slot.instance_id
        try:
            await self._join(wait_seconds)
        except BaseException:
            self._release_slot()
            raise
        self._polling = asyncio.create_task(self._poll(), name="lane-membership")
        # Whoever waits for a change is told that none will come.
        self._polling.add_done_callback(lambda _: self._news.set())

    async def changed(self) -> set[int]:
        """Wait until the assignment is another than the one returned last, and return it.

        The first time: until there is one, which may be empty. Raises `InstanceTakenError` if
        another worker has joined under the name of this one.
        """
        while self._assigned is None or self._assigned == self._told:
            self._news.clear()
            await self._news.wait()
            self._raise_what_ended_it()
        self._told = self._assigned
        return set(self._told)

    async def show_progress(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Commit offsets by topic and partition, for tools that watch lag.

        Nothing of ours reads them back, so it does not matter if this fails.
        """
        consumer = self._consumer
        if consumer is None:
            return
        mine = consumer.assignment()
        places = {TopicPartition(*place): offset for place, offset in positions.items()}
        if held := {place: offset for place, offset in places.items() if place in mine}:
            with contextlib.suppress(KafkaError):
                await consumer.commit(held)

    async def leave(self) -> None:
        """Leave for good, so that others take over at once and not after the session time-out."""
        await self._stop(leave=True)

    async def close(self) -> None:
        """Go without leaving: whoever comes back under the same name within 6 s has it all."""
        await self._stop(leave=False)

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Take note of what the group says. For the listener below."""
        by_topic: dict[str, set[int]] = {topic: set() for topic in self._topics}
        for place in places:
            by_topic[place.topic].add(place.partition)
        stop, start = (by_topic[topic] for topic in self._topics)
        if stop != start:
            # Some member of the group assigns otherwise, such as one of another release.
            log.error(
                "the lanes are assigned apart: %s and %s; serving what both have", stop, start
            )
        self._assigned = frozenset(stop & start)
        self._news.set()

    def _raise_what_ended_it(self) -> None:
        polling = self._polling
        if polling is not None and polling.done() and not polling.cancelled():
            polling.result()

    async def _join(self, wait_seconds: float) -> None:
        consumer = await started(self._new, discard_consumer, self._connection, wait_seconds)
        try:
            numbers = {topic: await partitions_of(consumer, topic) for topic in self._topics}
        except BaseException:
            await discard_consumer(consumer)
            raise
        problems = [
            f"{topic} is missing: run `rescind topics create`"
            for topic, found in numbers.items()
            if not found
        ]
        if not problems and len({len(found) for found in numbers.values()}) > 1:
            problems = ["the two lanes differ in number of partitions: see `rescind topics check`"]
        if problems:
            await discard_consumer(consumer)
            raise TopicsError(problems)
        self.partitions = len(numbers[self._topics[0]])
        self._consumer = consumer
        self._fencing = Fencing(consumer, self.instance_id)
        consumer.subscribe(list(self._topics), listener=_Listener(self, consumer))

    def _new(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._connection.options(),
            group_id=self._group,
            group_instance_id=self._instance_id,
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            rebalance_timeout_ms=_SESSION_MS,
            enable_auto_commit=False,
            # Of no consequence, since nothing is read here; without a policy the client would
            # report each partition as an error.
            auto_offset_reset="latest",
            request_timeout_ms=10_000,
        )

    async def _poll(self) -> None:
        """Let the client report its errors, which it holds everything up for, and watch it."""
        loop = asyncio.get_running_loop()
        watched_at = loop.time()
        missed = 0
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            consumer = self._consumer
            assert consumer is not None
            problem = await _reported(consumer)
            if self._is_fenced:
                raise InstanceTakenError(self.instance_id, self._group)
            if loop.time() - watched_at >= _WATCH_SECONDS:
                watched_at = loop.time()
                missed = missed + 1 if await self._is_forgotten(consumer) else 0
                if missed >= 2:
                    # Known of the client after some restarts of a broker: no error, no rejoin.
                    problem = "the group does not know this worker any more"
            if problem:
                missed = 0
                log.warning("joining the group %s again: %s", self._group, problem)
                await self._join_again()

    async def _join_again(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await discard_consumer(consumer)
        await self._join(math.inf)

    async def _is_forgotten(self, consumer: AIOKafkaConsumer) -> bool:
        """Return whether the group has settled without us; False if nobody can say."""
        admin = AIOKafkaAdminClient(**self._connection.options(), request_timeout_ms=5000)
        try:
            async with asyncio.timeout(10):
                await admin.start()
                (response,) = await admin.describe_consumer_groups([self._group])
        except (KafkaError, TimeoutError, OSError):
            return False
        finally:
            await admin.close()
        answer: Any = response
        (_code, _group, state, _kind, _protocol, members, *_), *_ = answer.groups
        return state in {"Stable", "Empty"} and member_id(consumer) not in {m[0] for m in members}

    async def _stop(self, *, leave: bool) -> None:
        polling, self._polling = self._polling, None
        if polling is not None:
            polling.cancel()
            await asyncio.wait([polling])
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await self._end(consumer, leave=leave)
        self._release_slot()

    async def _end(self, consumer: AIOKafkaConsumer, *, leave: bool) -> None:
        if self._is_fenced:
            # There is nothing to leave: its place is another worker's.
            await discard_consumer(consumer)
            return
        if leave:
            leave_on_stop(consumer)
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await consumer.stop()
        except (KafkaError, TimeoutError):
            await discard_consumer(consumer)

    @property
    def _is_fenced(self) -> bool:
        return self._fencing is not None and self._fencing.is_fenced

    def _release_slot(self) -> None:
        if self._slot is not None:
            self._slot.release()
            self._slot = None
            self._instance_id = None


async def _reported(consumer: AIOKafkaConsumer) -> str:
    """Return what the client has to report; nothing when all is well."""
    task = asyncio.current_task()
    try:
        async with asyncio.timeout(_POLL_SECONDS):
            await consumer.getmany(timeout_ms=0)
    except TimeoutError:
        # The group is deciding anew.
        return ""
    except KafkaError as error:
        return str(error)
    except asyncio.CancelledError:
        if task is not None and task.cancelling():
            raise
        # The client hands on how one of its own tasks has ended.
        return "the client has stopped taking part"
    return ""


class _Listener(ConsumerRebalanceListener):
    def __init__(self, membership: LaneMembership, consumer: AIOKafkaConsumer) -> None:
        self._membership = membership
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing is given up before it is known who has it."""

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Take note, and fetch nothing: a reader of its own does that."""
        self._consumer.pause(*assigned)
        self._membership.assign(assigned)
