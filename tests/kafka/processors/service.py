"""The lifecycle under test: its topics, a plain producer that asks, and what came of it.

A request is a dict, as a stranger would write it, on the lane where its type belongs. The
journal is followed all the time; everything else is read when it is asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self, get_args

import orjson

from rescind.events.journal import Entry
from rescind.events.requests import AnyRequest, Lane
from rescind.events.signature import SIGNATURE_HEADER, sign
from rescind.kafka.connection import Connection
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.visits import Visit
from rescind.kafka.records import OutRecord, Record, Sent
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.shared.keys import signing_keys
from rescind.processors.worker import Worker
from rescind.settings import Settings, load_settings
from tests.kafka.processors.journal import Asked, Journal
from tests.waiting import until

__all__ = ["KEY", "Request", "Service", "signature"]

KEY: Final = "a signing key of the tests"

Request = Mapping[str, Any]

_LANES: Final[dict[str, Lane]] = {
    model.model_fields["type"].default: model.lane for model in get_args(get_args(AnyRequest)[0])
}


class Service:
    """What a test needs to ask the lifecycle and to look at what it has done."""

    def __init__(self, connection: Connection, names: TopicNames, partitions: int) -> None:
        self.connection = connection
        self.names = names
        self.partitions = partitions
        self.sender = Sender(connection)
        self.journal = Journal(connection, names)

    async def __aenter__(self) -> Self:
        await self.sender.start()
        await self.journal.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.journal.__aexit__(kind, error, trace)
        await self.sender.close()

    def settings(self, **overrides: Any) -> Settings:
        """The settings of a worker of this service."""
        given: dict[str, Any] = {
            "bootstrap": self.connection.bootstrap,
            "topic_prefix": self.names.prefix,
            "signing_keys": KEY,
        }
        return load_settings(**(given | overrides))

    @asynccontextmanager
    async def worker(
        self, *partitions: int, kind: type[Worker] = Worker, **overrides: Any
    ) -> AsyncIterator[Worker]:
        """A worker in this process that serves these partitions (none named: all of them)."""
        worker = kind(self.settings(**overrides), "worker-of-a-test")
        await worker.start(self.partitions)
        try:
            await worker.own(set(partitions or range(self.partitions)))
            yield worker
        finally:
            await worker.stop()

    def partition_of(self, flow_run_id: str) -> int:
        """Where a flow run is served."""
        return partition_of(flow_run_id, self.partitions)

    def post(
        self,
        request: Request | bytes | None,
        *,
        lane: Lane | None = None,
        partition: int | None = None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        signed_by: str | None = None,
    ) -> "asyncio.Future[Sent]":
        """Send a request; its place when Kafka has it."""
        body = request if isinstance(request, bytes | None) else orjson.dumps(request)
        named: Request = {} if isinstance(request, bytes | None) else request
        stream = named.get("flow_run_id", named.get("bulk_id"))
        if partition is None and isinstance(stream, str):
            partition = self.partition_of(stream)
        said = list(headers)
        if signed_by is not None:
            said.append((SIGNATURE_HEADER, signature(body or b"", signed_by)))
        topic = self._topic_of(lane or _lane_of(named))
        if key is None and isinstance(stream, str):
            key = stream.encode()
        return self.sender.post(OutRecord(topic, key, body, said, partition))

    async def ask(
        self, request: Request | bytes | None, *, lane: Lane | None = None, **more: Any
    ) -> Asked:
        """`post` and wait until Kafka has it."""
        named: Request = {} if isinstance(request, bytes | None) else request
        sent = await self.post(request, lane=lane, **more)
        return Asked(lane or _lane_of(named), sent.partition, sent.offset, sent.timestamp_ms)

    async def answer_to(self, request: Request | bytes | None, **more: Any) -> list[Entry]:
        """The whole outcome of a request that is asked now."""
        return await self.journal.outcome_of(await self.ask(request, **more))

    async def read(self, topic: str, partition: int | None = None) -> list[Record]:
        """Every committed record of a topic, or of one partition of it."""
        async with Visit(self.connection) as visit:
            return await self.read_by(visit, topic, partition)

    async def read_by(self, visit: Visit, topic: str, partition: int | None = None) -> list[Record]:
        """`read` for whoever has several readings."""
        wanted = range(self.partitions) if partition is None else [partition]
        return [
            record
            for number in wanted
            async for batch in visit.read_to_end(topic, number)
            for record in batch
        ]

    async def inbox_of(self, runner_id: str) -> list[dict[str, Any]]:
        """What a runner was told, record by record."""
        records = await self.read(self.names.inbox)
        return [orjson.loads(r.value or b"") for r in records if r.key == runner_id.encode()]

    async def until_told(self, runner_id: str, what: str, count: int = 1) -> list[dict[str, Any]]:
        """What a runner was told under this heading, once there is as much of it."""
        told: list[dict[str, Any]] = []

        async def is_told() -> bool:
            told[:] = [x for said in await self.inbox_of(runner_id) for x in said.get(what, ())]
            return len(told) >= count

        await until(is_told, within_seconds=60)
        return told

    async def begin(
        self,
        flow_run_id: str,
        runner_id: str = "runner-a",
        tasks: Sequence[str] = (),
        **registration: Any,
    ) -> None:
        """Register a runner and a flow run with a body, start it and these task runs."""
        partition = self.partition_of(flow_run_id)
        about = {"flow_run_id": flow_run_id, "runner_id": runner_id}
        self.post({"type": "runner.register", "runner_id": runner_id}, partition=partition)
        self.post({"type": "flow.register", **about, **registration})
        last = self.post({"type": "flow.start", **about, "body": {"task_run_id": "body"}})
        if tasks:
            items = [{"task_run_id": task} for task in tasks]
            self.post({"type": "task.register", **about, "items": items})
            last = self.post({"type": "task.start", **about, "items": items})
        sent = await last
        await self.journal.outcome_of(Asked("start", sent.partition, sent.offset, 0))

    def _topic_of(self, lane: Lane) -> str:
        return self.names.stop_requests if lane == "stop" else self.names.start_requests


def _lane_of(request: Request) -> Lane:
    # What is of no known type goes to the lane that is read first.
    return _LANES.get(str(request.get("type")), "stop")


def signature(value: bytes, key: str) -> bytes:
    """The header's value, as a holder of this key makes it."""
    keys = signing_keys(load_settings(bootstrap="127.0.0.1:1", signing_keys=key))
    ((key_id, secret),) = keys.items()
    return sign(value, key_id, secret)
