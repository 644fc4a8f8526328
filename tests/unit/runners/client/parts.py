"""Parts of a client without a broker: what is sent is taken at once, and kept to be looked at."""

import asyncio
from pathlib import Path

from rescind.kafka.connection import Connection
from rescind.kafka.records import OutRecord, Sent
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.runners.client.clock import Clock, boot_seconds
from rescind.runners.client.hearing.waiting import Waiting
from rescind.runners.client.living.tools import Tools
from rescind.runners.client.sending.outbox import Outbox
from rescind.runners.client.sending.spill import Spill

__all__ = ["Taken", "tools"]


class Taken:
    """Takes every record at once."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []

    def __call__(self, record: OutRecord) -> "asyncio.Future[Sent]":
        self.records.append(record)
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        future.set_result(Sent(0, len(self.records) - 1, 0))
        return future


def tools(folder: Path, taken: Taken, clock: Clock = boot_seconds) -> Tools:
    waiting = Waiting(taken)
    connection = Connection("nowhere:1")
    lanes = [Outbox(taken, topic, Spill(folder), waiting.sent) for topic in ("start", "stop")]
    return Tools(
        connection=connection,
        topics=TopicNames(),
        sender=Sender(connection),
        start_lane=lanes[0],
        stop_lane=lanes[1],
        waiting=waiting,
        partitions=1,
        heartbeat_seconds=5,
        clock=clock,
    )
