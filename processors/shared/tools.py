"""What pipelines and agents share: the way to Kafka, the signature, the broker's time."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rescind.events.requests import AnyRequest
from rescind.kafka.connection import Connection
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.kafka.topics.specs import record_limits
from rescind.kafka.writing.sender import Sender
from rescind.kafka.writing.transactions import TransactionalProducer
from rescind.processors.measuring.meters import Meters
from rescind.processors.shared.broker_time import BrokerTime
from rescind.processors.shared.signing import signed
from rescind.processors.shared.turn import Turn

__all__ = ["Asking", "Tools"]


@dataclass(frozen=True, slots=True)
class Asking:
    """The way to ask something of the lifecycle as the service itself.

    Attributes:
        sender: a plain idempotent producer, for what must not be part of a transaction.
        signing_keys: by key id; the first signs.

    """

    connection: Connection
    topics: TopicNames
    sender: Sender
    signing_keys: Mapping[str, bytes]

    async def send_all(self, records: Iterable[OutRecord]) -> None:
        """Send records and wait until the broker has all of them.

        Raises:
            BrokerError: it does not answer.

        """
        await asyncio.gather(*[self.sender.send(record) for record in records])

    async def ask(self, partition: int, requests: Iterable[AnyRequest]) -> None:
        """Ask something of one partition, on the stop lane, signed as the service.

        Raises:
            BrokerError: the broker does not answer.

        """
        keys = self.signing_keys
        await self.send_all([signed(each, partition, self.topics, keys) for each in requests])

    async def ask_streams(self, requests: Iterable[AnyRequest], partitions: int) -> None:
        """Ask each of these of the partition where its stream is; otherwise as `ask`."""
        keys = self.signing_keys
        await self.send_all(
            [
                signed(each, partition_of(each.stream_id, partitions), self.topics, keys)
                for each in requests
            ]
        )


@dataclass(frozen=True, slots=True)
class Tools:
    """What the pipelines of one worker share."""

    asking: Asking
    broker_time: BrokerTime
    turn: Turn = field(default_factory=Turn)
    meters: Meters = field(default_factory=Meters)

    @property
    def connection(self) -> Connection:
        """The way to Kafka."""
        return self.asking.connection

    def producer_for(self, partition: int) -> TransactionalProducer:
        """The transactional producer of a partition, not started."""
        topics = self.asking.topics
        # What nearly every transaction writes; asked for ahead it costs 4.3 ms and not 7.1.
        usual = (
            topics.journal,
            topics.inbox,
            topics.task_states,
            topics.open_tasks,
            topics.open_flows,
        )
        others = (topics.flow_states, topics.cancellations, topics.runners, topics.dead_letters)
        return TransactionalProducer(
            self.connection,
            topics.transactional_id(partition),
            partition,
            ahead=usual,
            owned=others,
            limits=record_limits(topics),
        )
