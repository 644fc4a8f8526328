"""The lifecycle worker: a pipeline for each partition that the group gives it.

It restarts what can be restarted (a fence while the partition is still ours), ends what cannot
(a state of a newer release), and on a drain gives its partitions back so that others take over
at once.
"""

import asyncio
import random
from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry

from rescind.errors import FencedError, UnreadableStateError
from rescind.events.requests import Lane
from rescind.kafka.connection import connect
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.lifecycle.lifecycle import Place
from rescind.processors.pipeline.pipeline import Pipeline
from rescind.processors.shared.broker_time import BrokerTime
from rescind.processors.shared.keys import signing_keys
from rescind.processors.shared.tools import Asking, Tools
from rescind.settings import Settings
from rescind.statemachine.policy import Policy

__all__ = ["Worker", "policy_of"]

LANES: tuple[Lane, ...] = ("stop", "start")
JITTER_SECONDS = (0.2, 1.0)

_log = structlog.get_logger(__name__)


def policy_of(settings: Settings) -> Policy:
    """The settings that decisions depend on."""
    return Policy(
        acknowledge_seconds=settings.acknowledge_seconds,
        grace_seconds=settings.grace_seconds,
        deadline_seconds=settings.deadline_seconds,
        wait_seconds_max=settings.wait_seconds_max,
        abort_seconds=settings.abort_seconds,
        armed_seconds=settings.armed_seconds,
        armed_max=settings.armed_max,
        bulk_unconfirmed_max=settings.bulk_unconfirmed_max,
        forget_after_seconds=settings.forget_after_seconds,
        finished_max=settings.finished_max,
        rewrite_after_seconds=settings.rewrite_after_seconds,
        accept_unsigned_cancels=settings.accept_unsigned_cancels,
        feature_level=settings.feature_level,
    )


class Worker:
    """Runs the pipelines of the partitions that it has."""

    def __init__(self, settings: Settings, worker_id: str) -> None:
        self._settings = settings
        self._topics = TopicNames(settings.topic_prefix)
        self._keys: Mapping[str, bytes] = signing_keys(settings)
        connection = connect(settings)
        sender = Sender(connection)
        asking = Asking(connection, self._topics, sender, self._keys)
        self._tools = Tools(asking, BrokerTime(sender, self._topics.heartbeats, worker_id))
        self._policy = policy_of(settings)
        self._partitions = 0
        self._running: dict[int, asyncio.Task[None]] = {}
        self._pipelines: dict[int, Pipeline] = {}
        self.failed: asyncio.Future[None] | None = None

    async def start(self, partitions: int) -> None:
        """Connect, and learn the broker's time. Waits for a broker as long as it takes."""
        self._partitions = partitions
        self.failed = asyncio.get_running_loop().create_future()
        await self._tools.asking.sender.start()
        await self._tools.broker_time.learn()
        self._learning = asyncio.create_task(self._tools.broker_time.keep_learning())

    async def own(self, partitions: set[int]) -> None:
        """Serve exactly these partitions from now on."""
        lost = self._running.keys() - partitions
        await self._end(lost)
        for partition in sorted(partitions - self._running.keys()):
            self._running[partition] = asyncio.create_task(
                self._serve(partition), name=f"partition-{partition}"
            )

    async def stop(self) -> None:
        """Give everything back."""
        self._learning.cancel()
        await self._end(set(self._running))
        await asyncio.gather(self._learning, return_exceptions=True)
        await self._tools.asking.sender.close()

    def positions(self) -> dict[tuple[str, int], int]:
        """The next offset of each lane and partition that is served now."""
        topics: dict[Lane, str] = {
            "start": self._topics.start_requests,
            "stop": self._topics.stop_requests,
        }
        return {
            (topics[lane], partition): pipeline.life.position.of(lane).next
            for partition, pipeline in self._pipelines.items()
            if pipeline.is_serving
            for lane in LANES
        }

    @property
    def registry(self) -> CollectorRegistry:
        """What there is to scrape."""
        return self._tools.meters.registry

    def look(self) -> None:
        """Set what is scraped of the partitions that are served now."""
        served = {
            partition: pipeline.served
            for partition, pipeline in self._pipelines.items()
            if pipeline.is_serving
        }
        self._tools.meters.look_at(served, self._tools.broker_time.now_ms())

    async def _end(self, partitions: set[int]) -> None:
        ending = [self._running.pop(partition) for partition in sorted(partitions)]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _serve(self, partition: int) -> None:
        """Keep a pipeline running on this partition until somebody cancels this."""
        place = Place(partition, self._partitions, self._topics, self._keys)
        while True:
            pipeline = Pipeline(place, self._policy, self._tools)
            self._pipelines[partition] = pipeline
            try:
                await pipeline.run()
            except FencedError as error:
                _log.warning("fenced; starting again if it is still ours", error=str(error))
            except UnreadableStateError as error:
                self._fail(error)
                return
            except Exception:  # noqa: BLE001 - one partition's trouble must not end the others
                _log.exception("the pipeline of a partition failed", partition=partition)
            finally:
                self._pipelines.pop(partition, None)
                await pipeline.stop()
            # Two owners that start again at once would fence each other for ever.
            await asyncio.sleep(random.uniform(*JITTER_SECONDS))

    def _fail(self, error: Exception) -> None:
        if self.failed is not None and not self.failed.done():
            self.failed.set_exception(error)
