"""The two processes on Faust: the lifecycle worker, and the agents around it.

The worker's pipelines are a service in Faust's process and life cycle; what they do is one
transaction a batch, which Faust has no mode for that holds. `benchmarks/cases/faust_path.py` runs
the same fan-out as an agent beside it. What may happen at least once is an agent where a reader
looks for one: `liveness`, `reminders`, `bulk`, `hooks`.
"""

import asyncio
import gc
import secrets
import socket
from typing import Any

import structlog
from mode import Service
from prometheus_client import CollectorRegistry

from rescind.kafka.connection import Connection
from rescind.kafka.owning.lanes import LaneMembership
from rescind.kafka.reading.visits import ends
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.bulk import Sweeper, add_bulk
from rescind.processors.hooking.targets import all_hooks
from rescind.processors.hooks import Couriers, add_hooks
from rescind.processors.liveness import Liveness, add_liveness
from rescind.processors.measuring.agents import AgentMeters
from rescind.processors.measuring.endpoint import scraped
from rescind.processors.measuring.hooks import HookMeters
from rescind.processors.measuring.looking import Seen, add_looking
from rescind.processors.on_faust.hosting import host, make_app, wait_for_broker
from rescind.processors.reminders import add_reminders
from rescind.processors.shared.keys import signing_keys
from rescind.processors.shared.tools import Asking
from rescind.processors.watching.cancelling import Cancelling
from rescind.processors.watching.registry import Registry
from rescind.processors.worker import Worker
from rescind.settings import Settings

__all__ = ["LifecycleService", "run_agents", "run_worker"]

PROGRESS_SECONDS = 5.0
LOOK_SECONDS = 1.0

# States have no cycles, and Python's collector goes through all of them in vain: with 100,000 open
# task runs a tenth of the time, and stops of 300 ms. By default it comes every 42 requests, with
# these every 1,800; the last number makes a look at everything a rare one.
COLLECTOR_THRESHOLDS = (10_000, 10, 100)

_log = structlog.get_logger(__name__)


class LifecycleService(Service):
    """The pipelines of the partitions that the group gives this process."""

    def __init__(self, settings: Settings, connection: Connection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._membership = LaneMembership(settings, connection)
        self._worker = Worker(settings, f"worker-{secrets.token_hex(8)}")

    @property
    def registry(self) -> CollectorRegistry:
        """The meters of this process."""
        return self._worker.registry

    async def on_start(self) -> None:
        """Connect and join the group; Faust then runs `serve`."""
        await self._membership.start()
        await self._worker.start(self._membership.partitions)

    @Service.task
    async def serve(self) -> None:
        """Serve what the group gives, until the drain."""
        changes = asyncio.create_task(self._follow_assignment())
        failed = self._worker.failed
        assert failed is not None
        done, _ = await asyncio.wait({changes, failed}, return_when=asyncio.FIRST_COMPLETED)
        changes.cancel()
        for ended in done:
            if (error := ended.exception()) is not None:
                _log.error("the worker leaves", error=str(error))
                await self.crash(error)

    @Service.timer(PROGRESS_SECONDS)
    async def show_progress(self) -> None:
        """Commit offsets now and then, for tools that watch lag; nothing reads them back."""
        await self._membership.show_progress(self._worker.positions())

    @Service.timer(LOOK_SECONDS)
    async def look(self) -> None:
        """Renew what can be scraped of the state."""
        self._worker.look()

    async def _follow_assignment(self) -> None:
        while True:
            await self._worker.own(await self._membership.changed())

    async def on_stop(self) -> None:
        """Drain: give the partitions back, then leave, so that others take over at once."""
        await self._worker.stop()
        await self._membership.leave()


def run_worker(settings: Settings) -> int:
    """Run a lifecycle worker until it is told to stop; the exit code of the process."""
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    connection = wait_for_broker(settings)
    app = make_app("worker", settings, connection)
    app.producer_only = True
    service = LifecycleService(settings, connection)
    with scraped(settings, service.registry):
        return host(app, service)


class _AgentsService(Service):
    """What the agents know of the whole, followed without a group."""

    def __init__(
        self, asking: Asking, registry: Registry, cancelling: Cancelling, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._asking = asking
        self._registry = registry
        self._cancelling = cancelling

    async def on_start(self) -> None:
        """Connect; the agents send by this."""
        await self._asking.sender.start()

    @Service.task
    async def follow_runners(self) -> None:
        """Which runners there are."""
        await self._registry.follow(self._asking.connection, self._asking.topics)

    @Service.task
    async def follow_cancellations(self) -> None:
        """Which flow runs are being cancelled."""
        await self._cancelling.follow(self._asking.connection, self._asking.topics)

    async def on_stop(self) -> None:
        """Send what is left."""
        await self._asking.sender.close()


def run_agents(settings: Settings) -> int:
    """Run the agents until they are told to stop; the exit code of the process."""
    connection = wait_for_broker(settings)
    topics = TopicNames(settings.topic_prefix)
    partitions = len(asyncio.run(ends(connection, topics.heartbeats)))
    asking = Asking(connection, topics, Sender(connection), signing_keys(settings))
    registry, cancelling, meters = Registry(), Cancelling(), AgentMeters()
    app = make_app("agents", settings, connection)
    add_liveness(
        app,
        asking,
        Liveness(registry, settings.lost_after_seconds, partitions),
        meters,
    )
    add_reminders(app, asking, cancelling, registry, meters)
    sweeper = Sweeper(asking, partitions)
    add_bulk(app, asking, sweeper, meters)
    couriers = Couriers(all_hooks(settings.hooks), asking, HookMeters(meters.registry))
    add_hooks(app, asking, couriers)
    add_looking(app, meters, Seen(registry, cancelling, sweeper.bulks))
    _log.info("agents begin", host=socket.gethostname(), hooks=couriers.names)
    with scraped(settings, meters.registry):
        return host(app, _AgentsService(asking, registry, cancelling))
