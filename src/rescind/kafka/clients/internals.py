"""The parts of aiokafka that its interface does not offer: all of them, and only here.

`tests/kafka/test_internals.py` fails when a release of aiokafka changes one of them. Each is
here for a measured reason:

- A transaction that follows another one waits for the markers of the first; aiokafka then
  sleeps 20 ms, a constant of its module. With 1 ms the pair takes 5 instead of 27 ms.
- Partitions can be added to a transaction before there is a record for them, while nobody
  waits: 4.3 instead of 7.1 ms for a transaction that comes.
- A producer whose broker is gone cannot be stopped: `stop` waits for records that cannot be
  sent. After a time-out of ours it has to go all the same.
- A static member never leaves its group, so that a restart is quick; a drain must be able to.
- A consumer whose partition has no leader asks for metadata again as soon as asking has failed.
  With the broker gone it fails at once, so the process ran hot: a whole processor in one of four
  outages. A pause after what was asked in vain leaves 0.1 s of it a second.
- An idle producer has to ask something now and then, or its connection is closed as idle.
- A producer that was idle lives through a restart of its broker and says nothing about it.
- What a group has committed is asked for without a look at the answer's own error: while its
  coordinator loads, the admin client says that nothing was ever committed.
- A static member's heartbeat does not name its instance, so it never learns that it is fenced.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from random import shuffle
from types import CoroutineType
from typing import Any, Final

import aiokafka.producer.sender as producer_sender
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.metadata import MetadataRequest

__all__ = [
    "add_partitions_ahead",
    "ask_committed",
    "ask_coordinator",
    "discard_consumer",
    "discard_producer",
    "fatal_error",
    "leave_on_stop",
    "lower_transaction_backoff",
    "member_id",
    "pace_metadata",
    "partitions_of",
    "send_through",
    "tell_lost_connections",
]

Send = Callable[[Any], Awaitable[Any]]

_BACKOFF_SECONDS: Final = 0.001
_METADATA_SECONDS: Final = 0.1


def lower_transaction_backoff() -> None:
    """Wait 1 ms and not 20 for the markers of the transaction before; for the whole process."""
    # Read by aiokafka at each use, so setting it is enough; a test guards the name.
    producer_sender.BACKOFF_OVERRIDE = _BACKOFF_SECONDS


def pace_metadata(owner: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Have it wait 100 ms whenever no broker has answered it about metadata. Before its start."""
    anything: Any = owner
    client = anything.client if isinstance(owner, AIOKafkaProducer) else anything._client  # noqa: SLF001
    ask = client._metadata_update  # noqa: SLF001

    async def ask_and_pause(cluster: object, topics: object) -> bool:
        has_been_answered: bool = await ask(cluster, topics)
        if not has_been_answered:
            await asyncio.sleep(_METADATA_SECONDS)
        return has_been_answered

    client._metadata_update = ask_and_pause  # noqa: SLF001


def tell_lost_connections(producer: AIOKafkaProducer, tell: Callable[[], None]) -> None:
    """Have it told when a broker has closed a connection or gives no answer. Before its start."""
    client: Any = producer.client
    note = client._on_connection_closed  # noqa: SLF001

    def note_and_tell(connection: object, reason: CloseReason) -> None:
        note(connection, reason)
        if reason in {CloseReason.CONNECTION_BROKEN, CloseReason.CONNECTION_TIMEOUT}:
            tell()

    client._on_connection_closed = note_and_tell  # noqa: SLF001


def add_partitions_ahead(producer: AIOKafkaProducer, partitions: Iterable[TopicPartition]) -> None:
    """Ask for these partitions in the transaction that has begun. Does not wait for the answer."""
    manager: Any = producer._txn_manager  # noqa: SLF001
    for partition in partitions:
        manager.maybe_add_partition_to_txn(partition)


async def ask_coordinator(producer: AIOKafkaProducer) -> None:
    """Ask the broker of our transactions something, and wait for the answer.

    The client closes a connection that is idle for nine minutes and Kafka one of ten. Then nobody
    would be told of a broker that has been away.
    """
    anything: Any = producer
    transactional_id = anything._txn_manager.transactional_id  # noqa: SLF001
    find = anything._sender._find_coordinator  # noqa: SLF001
    node = await find(CoordinationType.TRANSACTION, transactional_id)
    group = ConnectionGroup.COORDINATION
    await anything.client.send(node, ApiVersionRequest(), group=group)


def fatal_error(producer: AIOKafkaProducer) -> BaseException | None:
    """Return what has ended the producer's work: later calls only say that they came too late."""
    anything: Any = producer
    task = anything._sender.sender_task  # noqa: SLF001
    if task is None or not task.done() or task.cancelled():
        return None
    error: BaseException | None = task.exception()
    return error


async def discard_producer(producer: AIOKafkaProducer) -> None:
    """Close its connections and end its tasks without waiting for anything to be sent."""
    await _to_the_end(_discard_producer(producer))


async def _discard_producer(producer: AIOKafkaProducer) -> None:
    anything: Any = producer
    # Its `stop` must not run, and without it the object warns when it is collected.
    anything._closed = True  # noqa: SLF001
    sender = anything._sender  # noqa: SLF001
    await _end_tasks_of(sender, anything.client)
    _see(sender.sender_task)
    manager = anything._txn_manager  # noqa: SLF001
    if manager is not None:
        _see(manager._transaction_waiter)  # noqa: SLF001
    for batches in anything._message_accumulator._batches.values():  # noqa: SLF001
        for batch in batches:
            batch.future.cancel()
    await anything.client.close()


async def discard_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close its connections and end its tasks, whatever they are waiting for."""
    await _to_the_end(_discard_consumer(consumer))


async def _to_the_end(discarding: Coroutine[Any, Any, None]) -> None:
    """Also when whoever waits for it is cancelled: a client half closed keeps its sockets open."""
    task = asyncio.ensure_future(discarding)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _discard_consumer(consumer: AIOKafkaConsumer) -> None:
    anything: Any = consumer
    anything._closed = True  # noqa: SLF001
    owners = [anything._fetcher, anything._coordinator, anything._client]  # noqa: SLF001
    await _end_tasks_of(*owners)
    await anything._client.close()  # noqa: SLF001


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """Return the partitions of a topic, none if there is no such topic, and learn who leads them.

    aiokafka asks of all topics, of which a cluster may have thousands, or has the one made that
    it asks for, where the cluster allows that.
    """
    client: Any = consumer._client  # noqa: SLF001
    answer = await _asked_of_any_broker(client, MetadataRequest([topic], False))
    found = ClusterMetadata()
    found.update_metadata(answer)
    numbers = sorted(found.partitions_for_topic(topic) or ())
    if numbers:
        client.cluster.update_metadata(answer)
        # What it asks for again when a leader has moved.
        client._topics = {topic}  # noqa: SLF001
    return numbers


async def _asked_of_any_broker(client: Any, request: MetadataRequest) -> Any:
    brokers = [broker.nodeId for broker in client.cluster.brokers()]
    shuffle(brokers)
    why: KafkaError = KafkaConnectionError("no broker is known")
    for node in brokers:
        try:
            return await client.send(node, request)
        except KafkaError as error:
            why = error
    raise why


async def ask_committed(
    admin: AIOKafkaAdminClient, group: str, topic: str, partitions: Iterable[int]
) -> Any:
    """Return what the group's coordinator answers, with its errors, as it is on the wire."""
    anything: Any = admin
    node = await admin.find_coordinator(group)
    request = OffsetFetchRequest(group, [(topic, list(partitions))])
    return await anything._send_request(request, node)  # noqa: SLF001


def leave_on_stop(consumer: AIOKafkaConsumer) -> None:
    """Make the coming `stop` of a static member leave its group, as that of any other does."""
    anything: Any = consumer
    anything._coordinator._group_instance_id = None  # noqa: SLF001


def member_id(consumer: AIOKafkaConsumer) -> str:
    """Return the id by which the group knows this consumer; empty while it is in none."""
    anything: Any = consumer
    coordinator = anything._coordinator  # noqa: SLF001
    return str(coordinator.member_id) if coordinator is not None else ""


def send_through(consumer: AIOKafkaConsumer, send: Send) -> Send:
    """Let what a started consumer asks of its group go through `send`; return its own way."""
    coordinator: Any = consumer._coordinator  # noqa: SLF001
    its_own: Send = coordinator._send_req  # noqa: SLF001
    coordinator._send_req = send  # noqa: SLF001
    return its_own


async def _end_tasks_of(*owners: object | None) -> None:
    """Cancel every task that runs a method of these objects, and wait for their ends.

    Their own closing cancels only the first of them, which then waits for the others.
    """
    mine = [task for task in asyncio.all_tasks() if _runs_a_method_of(owners, task)]
    while mine:
        for task in mine:
            task.cancel()
        await asyncio.wait(mine, timeout=0.1)
        mine = [task for task in mine if not task.done()]


def _runs_a_method_of(owners: "tuple[object | None, ...]", task: "asyncio.Task[Any]") -> bool:
    coroutine = task.get_coro()
    if not isinstance(coroutine, CoroutineType) or coroutine.cr_frame is None:
        return False
    itself = coroutine.cr_frame.f_locals.get("self")
    return itself is not None and any(itself is owner for owner in owners)


def _see(future: "asyncio.Future[Any] | None") -> None:
    """Take note of a failure that nobody will wait for, or Python logs it as forgotten."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
