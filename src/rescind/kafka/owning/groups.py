"""A consumer group as an operator sees it: who is in it, what each has, what they have committed.

For `rescind doctor` and `rescind up` alone. Nothing is decided by this: what a partition's owner
has done stands in its ``@position``, and committed offsets follow that now and then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from rescind.errors import BrokerUnavailableError
from rescind.kafka.connection import Connection

__all__ = ["GroupMember", "GroupReport", "describe_group"]

_REQUEST_MS = 10_000


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One member. ``partitions`` maps a topic to what it has of it."""

    member_id: str
    client_id: str
    host: str
    partitions: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class GroupReport:
    """A group. ``state`` in Kafka's words: ``Stable``, ``PreparingRebalance``, ``Empty``, ``Dead``.

    ``committed`` maps ``(topic, partition)`` to the offset to be read next.
    """

    group: str
    state: str
    members: Sequence[GroupMember]
    committed: Mapping[tuple[str, int], int]

    def served(self, topic: str) -> set[int]:
        """The partitions of a topic that some member has."""
        return {number for member in self.members for number in member.partitions.get(topic, ())}


async def describe_group(connection: Connection, group: str) -> GroupReport:
    """Return the group as its coordinator has it; one that nobody has joined has no members.

    Raises `BrokerUnavailableError`, also when the coordinator is not ready yet.
    """
    admin = AIOKafkaAdminClient(**connection.options(), request_timeout_ms=_REQUEST_MS)
    try:
        await admin.start()
        responses: list[Any] = await admin.describe_consumer_groups([group])
        committed: Mapping[Any, Any] = await admin.list_consumer_group_offsets(group)
    except (KafkaError, TimeoutError) as error:
        raise BrokerUnavailableError(connection.bootstrap, str(error) or "no answer") from error
    finally:
        await admin.close()
    _code, _name, state, _kind, _protocol, members, *_ = responses[0].groups[0]
    return GroupReport(
        group,
        str(state),
        [_member(member) for member in members],
        {(place.topic, place.partition): int(at.offset) for place, at in committed.items()},
    )


def _member(found: Any) -> GroupMember:
    member_id, client_id, host, _metadata, assignment = found
    partitions: dict[str, tuple[int, ...]] = {}
    if assignment:
        decoded: Any = ConsumerProtocolMemberAssignment.decode(assignment)
        partitions = {topic: tuple(numbers) for topic, numbers in decoded.assignment}
    return GroupMember(str(member_id), str(client_id), str(host).lstrip("/"), partitions)
