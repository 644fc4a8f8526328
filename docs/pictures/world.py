"""`World`: whoever asks the service of the pictures, as a stranger's runner and as a person.

Runners here are records and no processes, so that their names and what becomes of their work are
the same each time, and no picture has the name of a host in it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self, get_args

import orjson

from rescind.access.register import token_record
from rescind.access.tokens import Scope, mint
from rescind.client import AsyncClient
from rescind.errors import NotKnownError, RunNotFoundError
from rescind.events.intents import Heartbeat
from rescind.events.requests import AnyRequest
from rescind.kafka.connection import Connection
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.shared.keys import signing_keys
from rescind.settings import Settings

__all__ = ["PARTITIONS", "World", "items", "until"]

PARTITIONS: Final = 1
"""Of each topic: a runner has to say hello in each one."""

_LANES: Final[dict[str, str]] = {
    model.model_fields["type"].default: model.lane for model in get_args(get_args(AnyRequest)[0])
}
_WAIT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1


class World:
    """An async context manager. ``token`` is what a person signs in with, as ``ada``."""

    def __init__(self, settings: Settings, connection: Connection, address: str) -> None:
        self.address = address
        self._settings = settings
        self._names = TopicNames(settings.topic_prefix)
        self._sender = Sender(connection)
        self._runners: list[str] = []
        self._beating: asyncio.Task[None] | None = None
        token, shown = mint("ada", [Scope.ADMIN], now_ms=_now_ms())
        self._made = token
        self.token = str(shown)
        self.client = AsyncClient(self.address, token=self.token)

    async def __aenter__(self) -> Self:
        await self._sender.start()
        keys = signing_keys(self._settings)
        await self._sender.send(token_record(self._made, self._names, keys))
        await until(self._is_let_in)
        self._beating = asyncio.create_task(self._beat(), name="heartbeats")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        await self.client.close()
        await self._sender.close()

    async def ask(self, kind: str, flow_run_id: str, **fields: Any) -> None:
        """A request as a stranger writes it; returns when Kafka has it."""
        request = {"type": kind, "flow_run_id": flow_run_id, **fields}
        await self._send(flow_run_id, request)

    async def runner(self, runner_id: str, pool: str, scope: str, **capabilities: Any) -> None:
        """A runner comes, and is heard from then on; what it can do is as it says."""
        about = {"runner_id": runner_id, "pool": pool, "scope": scope}
        hello = {"type": "runner.register", **about, "capabilities": capabilities}
        await self._send(runner_id, hello)
        self._runners.append(runner_id)

    async def until_open(self, flow_run_id: str, *, running: int, pending: int = 0) -> None:
        """Wait until so many of its task runs have a grant, and so many wait for one."""

        async def is_so() -> bool:
            try:
                run = await self.client.show_flow_run(flow_run_id)
            except RunNotFoundError:
                return False
            return (run.task_runs_running, run.task_runs_pending) == (running, pending)

        await until(is_so)

    async def until_state(self, state: str, *flow_run_ids: str) -> None:
        async def is_so() -> bool:
            try:
                runs = [await self.client.show_flow_run(each) for each in flow_run_ids]
            except RunNotFoundError:
                return False
            return all(run.state == state for run in runs)

        await until(is_so)

    async def until_dead_letters(self, count: int) -> None:
        async def is_so() -> bool:
            return len([one async for one in self.client.list_dead_letters()]) >= count

        await until(is_so)

    async def first_dead_letter(self) -> str:
        """The place of the earliest."""
        return [one async for one in self.client.list_dead_letters()][-1].place

    async def _send(self, key: str, request: dict[str, Any]) -> None:
        is_stop = _LANES[request["type"]] == "stop"
        topic = self._names.stop_requests if is_stop else self._names.start_requests
        await self._sender.send(OutRecord(topic, key.encode(), orjson.dumps(request)))

    async def _beat(self) -> None:
        while True:
            for name in self._runners:
                beat = Heartbeat(runner_id=name, at=_now_ms()).model_dump_json().encode()
                await self._sender.send(OutRecord(self._names.heartbeats, name.encode(), beat))
            await asyncio.sleep(self._settings.heartbeat_seconds)

    async def _is_let_in(self) -> bool:
        try:
            await self.client.count_flow_runs()
        except NotKnownError:
            return False
        return True


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when it holds. Raises `TimeoutError` if it never does."""
    async with asyncio.timeout(_WAIT_SECONDS):
        while True:
            if await condition():
                return
            await asyncio.sleep(_LOOK_SECONDS)


def items(names: Sequence[str], **each: Any) -> list[dict[str, Any]]:
    """Task runs of these ids, all with the same fields."""
    return [{"task_run_id": name, **each} for name in names]


def _now_ms() -> int:
    return round(time.time() * 1000)
