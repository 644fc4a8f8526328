"""Kafka cannot be used as it is: what answers there, what it holds, and who owns it."""

import re
from collections.abc import Sequence
from typing import Final

from rescind.errors.root import RescindError

__all__ = [
    "BrokerError",
    "BrokerUnavailableError",
    "BrokerUnsupportedError",
    "CommitLostError",
    "FencedError",
    "InstanceTakenError",
    "OutOfRangeError",
    "RecordTooLargeError",
    "StalledError",
    "TopicsError",
    "TransactionFailedError",
    "UncertainError",
]


_HOSTS: Final = re.compile(r" from \[\(.*\)\]")


class BrokerError(RescindError):
    """Kafka cannot be used as it is."""


class BrokerUnavailableError(BrokerError):
    """Nothing that speaks Kafka answers at the address."""

    def __init__(self, address: str, why: str = "", remedy: str = "") -> None:
        super().__init__(address, why, remedy)
        self.address = address
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        # aiokafka names the hosts of that address as tuples with objects of Python's in them.
        said = _HOSTS.sub("", self.why)
        why = f" ({said})" if said else ""
        # One that speaks another protocol than was expected closes the connection, or says nothing.
        remedy = self.remedy or (
            "start it, set RESCIND_BOOTSTRAP to the address of one that runs, "
            "or RESCIND_SECURITY_PROTOCOL to what it speaks there"
        )
        return f"expected a Kafka broker at {self.address}, but none answered{why}; {remedy}"


class BrokerRefusedError(BrokerUnavailableError):
    """A broker answers, and does not let us in; to ask again is of no use."""

    def __str__(self) -> str:
        said = _HOSTS.sub("", self.why)
        return (
            f"expected to be let in by the Kafka broker at {self.address}, but was not ({said}); "
            f"{self.remedy}"
        )


class BrokerUnsupportedError(BrokerError):
    """A broker answers, but it is too old or too new for this release."""

    def __init__(self, address: str, found: str, supported: str) -> None:
        super().__init__(address, found, supported)
        self.address = address
        self.found = found
        self.supported = supported

    def __str__(self) -> str:
        return (
            f"expected Apache Kafka {self.supported} at {self.address}, but it is {self.found}; "
            "upgrade the broker, or use the embedded one (`rescind up`)"
        )


class TopicsError(BrokerError):
    """Topics are missing or differ from what the design needs; one sentence for each."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(tuple(differences))
        self.differences = tuple(differences)

    def __str__(self) -> str:
        return "expected the topics as `rescind topics describe` lists them, but " + "; ".join(
            self.differences
        )


class OutOfRangeError(BrokerError):
    """Records from ``position`` to before ``first`` are gone: kept for less long than needed.

    ``end`` is the offset after the last record. A position after it means that the topic has
    been made anew, or that it is another cluster.
    """

    def __init__(self, topic: str, partition: int, position: int, first: int, end: int) -> None:
        super().__init__(topic, partition, position, first, end)
        self.topic = topic
        self.partition = partition
        self.position = position
        self.first = first
        self.end = end

    def __str__(self) -> str:
        return (
            f"expected {self.topic}[{self.partition}] to have offset {self.position}, "
            f"but it has {self.first} to {self.end}; see the retention of the topic"
        )


class RecordTooLargeError(BrokerError):
    """A record is larger than its topic takes. Nothing was sent; sending it again is useless."""

    def __init__(self, topic: str, size_bytes: int, size_bytes_max: int) -> None:
        super().__init__(topic, size_bytes, size_bytes_max)
        self.topic = topic
        self.size_bytes = size_bytes
        self.size_bytes_max = size_bytes_max

    def __str__(self) -> str:
        return (
            f"expected a record of at most {self.size_bytes_max} bytes for {self.topic!r}, "
            f"but it has {self.size_bytes}; split it, or raise max.message.bytes of the topic"
        )


class FencedError(BrokerError):
    """Somebody else has started the producer of this partition: it is not ours any more.

    If it was fenced while it committed, only ``@position`` says whether that happened. Start
    again only if the group still says that the partition is ours, and after a jitter, or two
    owners fence each other for ever.
    """

    def __init__(self, transactional_id: str) -> None:
        super().__init__(transactional_id)
        self.transactional_id = transactional_id

    def __str__(self) -> str:
        return (
            f"expected to be the only producer of {self.transactional_id!r}, "
            "but another has taken over; give the partition up"
        )


class InstanceTakenError(BrokerError):
    """Another worker has joined the group under the instance id of this one, which must go.

    Two that live would take the name from each other for ever, and serve little in between.
    """

    def __init__(self, instance_id: str, group: str) -> None:
        super().__init__(instance_id, group)
        self.instance_id = instance_id
        self.group = group

    def __str__(self) -> str:
        return (
            f"expected to be the only worker called {self.instance_id!r} in {self.group!r}, but "
            "another one has joined under that name; give each a RESCIND_INSTANCE_ID of its own, "
            "or leave it out"
        )


class UncertainError(BrokerError):
    """A commit was asked for and no answer came: it may have happened, or not.

    Start the producer again, which settles it, then read ``@position`` to learn which.
    """

    def __init__(self, transactional_id: str, why: str) -> None:
        super().__init__(transactional_id, why)
        self.transactional_id = transactional_id
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected an answer to the commit of {self.transactional_id!r}, but {self.why}; "
            "start the producer again and read what was committed"
        )


class TransactionFailedError(BrokerError):
    """A transaction did certainly not happen. Start the producer again before the next one."""

    def __init__(self, transactional_id: str, why: str) -> None:
        super().__init__(transactional_id, why)
        self.transactional_id = transactional_id
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a transaction of {self.transactional_id!r} to be written, "
            f"but {self.why}; start the producer again and repeat it"
        )


class CommitLostError(BrokerError):
    """Kafka has said that a transaction is committed, and does not have it: restore what it has."""

    def __init__(self, transactional_id: str, committed: int, found: int) -> None:
        super().__init__(transactional_id, committed, found)
        self.transactional_id = transactional_id
        self.committed = committed
        self.found = found

    def __str__(self) -> str:
        return (
            f"expected {self.committed} committed transactions of {self.transactional_id!r}, "
            f"but Kafka has {self.found}; what was asked since is decided again"
        )


class StalledError(BrokerError):
    """A consumer has had lag for a while and gets nothing, without any error from the client.

    Known of the client after some broker restarts. The way out is a new consumer, which
    usually means a new process.
    """

    def __init__(self, partition: str, lag_records: int, seconds: float) -> None:
        super().__init__(partition, lag_records, seconds)
        self.partition = partition
        self.lag_records = lag_records
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"expected records of {self.partition}, which is {self.lag_records} behind, "
            f"but none came for {self.seconds:.0f} s; restart this process"
        )
