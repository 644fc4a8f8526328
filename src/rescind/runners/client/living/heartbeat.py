"""The heartbeat of one incarnation: that it lives, and which flow runs it serves.

One is under way at a time: while the broker is away they must not heap up, since only the last
one says anything. The broker's append time is what counts.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator

import structlog

from rescind.errors import BrokerError
from rescind.events.intents import Heartbeat
from rescind.kafka.records import OutRecord
from rescind.runners.client.clock import wall_ms
from rescind.runners.client.living.tools import Tools

__all__ = ["beat"]

_FLOW_RUNS_MAX = 10_000

_log = structlog.get_logger(__name__)


async def beat(tools: Tools, runner_id: str, flow_run_ids: Callable[[], list[str]]) -> None:
    """Beat for ever."""
    loop = asyncio.get_running_loop()
    while True:
        next_at = loop.time() + tools.heartbeat_seconds
        for record in _records(tools, runner_id, flow_run_ids()):
            try:
                await tools.sender.send(record)
            except BrokerError as error:
                _log.error("a heartbeat cannot be sent", why=str(error))
        await asyncio.sleep(next_at - loop.time())


def _records(tools: Tools, runner_id: str, flow_run_ids: list[str]) -> Iterator[OutRecord]:
    for first in range(0, len(flow_run_ids) or 1, _FLOW_RUNS_MAX):
        heartbeat = Heartbeat(
            runner_id=runner_id,
            flow_run_ids=tuple(flow_run_ids[first : first + _FLOW_RUNS_MAX]),
            at=wall_ms(),
            host=socket.gethostname(),
        )
        yield OutRecord(
            tools.topics.heartbeats,
            runner_id.encode(),
            heartbeat.model_dump_json().encode(),
            partition=tools.partition_of(runner_id),
        )
