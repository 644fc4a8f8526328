"""The real lifecycle beside a runner, what a stranger can send to it, and what its journal says."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from rescind.events.journal import Entry, RequestRefused
from rescind.events.signature import SIGNATURE_HEADER, sign
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.visits import read_to_end
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.writing.sender import Sender
from rescind.processors.shared.keys import signing_keys
from rescind.processors.worker import Worker
from rescind.settings import Settings, load_settings
from tests.conftest import Cluster
from tests.waiting import until


def settings_for(cluster: Cluster, data_dir: Path) -> Settings:
    return load_settings(
        bootstrap=cluster.bootstrap,
        topic_prefix=cluster.names.prefix,
        partitions=cluster.partitions,
        data_dir=data_dir,
        signing_keys=(SecretStr("only for the tests of runners"),),
        heartbeat_seconds=0.5,
        acknowledge_seconds=0.5,
    )


@asynccontextmanager
async def serving(cluster: Cluster, settings: Settings) -> "AsyncGenerator[Lifecycle, None]":
    """A worker on every partition, and somebody who can send to it."""
    worker = Worker(settings, "worker-of-the-test")
    await worker.start(cluster.partitions)
    await worker.own(set(range(cluster.partitions)))
    async with Sender(cluster.connection) as sender:
        yield Lifecycle(cluster, settings, sender)
    await worker.stop()


class Lifecycle:
    """A worker runs on every partition of the cluster's topics as long as the fixture lives."""

    def __init__(self, cluster: Cluster, settings: Settings, sender: Sender) -> None:
        self.cluster = cluster
        self.settings = settings
        self._sender = sender

    async def cancel(self, flow_run_id: str, **fields: Any) -> None:
        """Ask as a stranger does, and wait until the broker has it."""
        body = {"type": "flow.cancel", "flow_run_id": flow_run_id, **fields}
        await self._stop_lane(flow_run_id, self.partition_of(flow_run_id), body)

    async def cancel_task(self, flow_run_id: str, task_run_id: str) -> None:
        body = {"type": "task.cancel", "flow_run_id": flow_run_id, "task_run_id": task_run_id}
        await self._stop_lane(flow_run_id, self.partition_of(flow_run_id), body)

    async def lose(self, runner_id: str, partition: int) -> None:
        """What the liveness agent asks after a long silence."""
        body = {"type": "runner.lost", "runner_id": runner_id, "partition": partition}
        await self._stop_lane(runner_id, partition, body, signed=True)

    async def send(self, topic: str, key: str, partition: int, value: bytes) -> None:
        await self._sender.send(OutRecord(topic, key.encode(), value, partition=partition))

    def partition_of(self, stream_id: str) -> int:
        return partition_of(stream_id, self.cluster.partitions)

    async def records(self, topic: str) -> list[Record]:
        """Everything in a topic, partition by partition."""
        return [
            record
            for partition in range(self.cluster.partitions)
            async for records in read_to_end(self.cluster.connection, topic, partition, 0)
            for record in records
        ]

    async def events(self, kind: str = "") -> list[Entry]:
        """What the journal has, of types that begin so."""
        entries = [
            Entry.from_json(record.value or b"")
            for record in await self.records(self.cluster.names.journal)
        ]
        return [entry for entry in entries if entry.event.type.startswith(kind)]

    async def until_event(self, kind: str) -> Entry:
        """Wait for an event of a type that begins so; the first of them."""

        async def came() -> bool:
            return bool(await self.events(kind))

        await until(came)
        return (await self.events(kind))[0]

    async def story(self, flow_run_id: str) -> list[str]:
        """What happened to a flow run, in order, with the task run that each event is about."""
        return [
            " ".join(filter(None, [entry.event.type.rpartition(".v")[0], entry.task_run_id]))
            for entry in await self.events()
            if entry.stream_id == flow_run_id and not isinstance(entry.event, RequestRefused)
        ]

    async def _stop_lane(
        self, key: str, partition: int, body: dict[str, Any], *, signed: bool = False
    ) -> None:
        value = orjson.dumps(body)
        headers: tuple[tuple[str, bytes], ...] = ()
        if signed:
            key_id, secret = next(iter(signing_keys(self.settings).items()))
            headers = ((SIGNATURE_HEADER, sign(value, key_id, secret)),)
        topic = self.cluster.names.stop_requests
        await self._sender.send(OutRecord(topic, key.encode(), value, headers, partition))
