"""The agent that tells hooks of cancellations: webhooks, and callables of users' packages.

It hears ``cancellations`` as a member of the agents' group, and who has a partition there tells
the hooks of it; each hook has a courier of its own, which reads the topic for itself from where
that hook has got. An agent alone has one position for all hooks, and acknowledges what it cannot
bring: so a hook that hangs would hold up the others, or lose events. Nothing of this is on the
way of a cancellation: whatever a hook does, the lifecycle does not know of it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog

from rescind.errors import BrokerError
from rescind.processors.alarms import ALARMS, alarms
from rescind.processors.hooking.courier import Courier, Means
from rescind.processors.hooking.targets import target_of
from rescind.processors.measuring.hooks import HookMeters
from rescind.processors.on_faust.committed import CommittedApp
from rescind.processors.shared.broker_time import BrokerTime
from rescind.processors.shared.tools import Asking
from rescind.settings.hooks import Hook

__all__ = ["Couriers", "add_hooks"]

AGAIN_SECONDS = 1.0
FAILED_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class Couriers:
    """The couriers of all hooks, of the partitions that this process has."""

    def __init__(self, hooks: Mapping[str, Hook], tools: Asking, meters: HookMeters) -> None:
        self._hooks = {name: hook for name, hook in hooks.items() if hook.enabled}
        who = f"hooks-{socket.gethostname()}"
        broker_time = BrokerTime(tools.sender, tools.topics.heartbeats, who, service="agents")
        self._means = Means(tools, broker_time, meters)

    @property
    def names(self) -> list[str]:
        """The hooks that are told something."""
        return list(self._hooks)

    def hear(self, partition: int, offset: int) -> None:
        """There is a record: by this is measured how far a hook is behind."""
        self._means.heard[partition] = offset + 1

    async def serve(self, mine: Callable[[], set[int]]) -> None:
        """Do that for ever, of the partitions that `mine` names."""
        means = self._means
        await _without_end("hooks", partial(_learnt, means.broker_time))
        async with asyncio.TaskGroup() as group:
            group.create_task(_without_end("hooks", means.broker_time.keep_learning))
            for name, bring in self._bringing(mine).items():
                group.create_task(_without_end(name, bring), name=f"hook-{name}")

    def _bringing(self, mine: Callable[[], set[int]]) -> dict[str, Callable[[], Awaitable[None]]]:
        """What serves each hook. A hook is made in there: one that cannot be is no other's harm."""
        means = self._means

        def bringing(name: str, hook: Hook) -> Callable[[], Awaitable[None]]:
            return lambda: Courier(name, hook, target_of(name, hook), means).serve(mine)

        made = {name: bringing(name, hook) for name, hook in self._hooks.items()}
        return {ALARMS: lambda: alarms(means).serve(mine), **made}


async def _without_end(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Until it returns. Nothing of hooks may end the agents, so what it raises is logged."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - see above
            _log.exception("a hook cannot be served; it is tried again", hook=name)
            await asyncio.sleep(FAILED_SECONDS)
        else:
            return


async def _learnt(broker_time: BrokerTime) -> None:
    while True:
        try:
            await broker_time.learn()
        except BrokerError as error:
            _log.warning("hooks wait for the broker's time", error=str(error))
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return


def add_hooks(app: CommittedApp, tools: Asking, couriers: Couriers) -> None:
    """Put the agent and its couriers on the app."""
    topic = tools.topics.cancellations
    cancellations = app.topic(topic, value_type=bytes, value_serializer="raw")

    @app.agent(cancellations, concurrency=1, name="hooks")
    async def hear(stream: Any) -> None:
        async for event in stream.events():
            couriers.hear(event.message.partition, event.message.offset)

    @app.task
    async def bring() -> None:
        await couriers.serve(
            lambda: {tp.partition for tp in app.consumer.assignment() if tp.topic == topic}
        )
