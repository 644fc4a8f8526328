"""`House`: Kafka (or a cluster that is named), the topics, and the services, as one thing.

Started in the order in which they need each other, ended in the other order. What ends by itself
is started again; so is Kafka, on the same port and with its data. For `rescind up` and the demo.
"""

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rescind.cli.up.http import Address, choose_address
from rescind.cli.up.service import News, Service
from rescind.cli.up.state import UpState, read_up, remove_up, write_up
from rescind.errors import AlreadyUpError, BrokerUnavailableError, NotReadyError, SettingsError
from rescind.kafka.connection import Connection, connect
from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.kafka.embedded.locks import FileLock
from rescind.kafka.embedded.progress import ProgressCallback
from rescind.kafka.owning.groups import describe_group
from rescind.kafka.reading.visits import ends
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from rescind.kafka.versions import require_supported_broker
from rescind.settings import Settings

__all__ = ["House"]

_READY_SECONDS_MAX: Final = 60.0
_GRACE_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.25
_BROKER_BACKOFF_SECONDS: Final = 2.0


class House:
    """An async context manager: entered when everything answers, left when everything has ended.

    ``environment`` is what a process needs that is to work with it. ``short_lived``: its Kafka is,
    and there are no server and no runner. ``http``: where that answers.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        progress: ProgressCallback,
        news: News,
        short_lived: bool = False,
    ) -> None:
        self.settings = settings
        self._short_lived = short_lived
        self.http: Address | None = None
        self.broker: EmbeddedBroker | None = None
        self._progress = progress
        self._news = news
        # The services find Kafka where every command does.
        self.environment = {
            "RESCIND_DATA_DIR": str(settings.data_dir),
            # Empty: the embedded Kafka is meant, whatever this process was started with.
            "RESCIND_BOOTSTRAP": settings.bootstrap or "",
        }
        # The port that was named for metrics is the worker's; the others take any.
        self._measured = {} if settings.metrics_port is None else {"RESCIND_METRICS_PORT": "0"}
        agents = self._service("agents", **self._measured)
        self.services = {"worker": self._service("worker"), "agents": agents}
        self._lock: FileLock | None = None
        self._watching: asyncio.Task[None] | None = None
        self._partitions = 0
        self.release = ""

    @property
    def connection(self) -> Connection:
        return connect(self.settings)

    async def start(self) -> None:
        """Raises `AlreadyUpError`, what the broker's start raises, `NotReadyError`."""
        self._lock_folder(self.settings.data_dir)
        if self.settings.is_embedded:
            self.broker = EmbeddedBroker.from_settings(
                self.settings, self._progress, short_lived=self._short_lived
            )
            await self.broker.start_async()
            self._watching = asyncio.create_task(self._keep_broker(self.broker), name="kafka")
        connection = self.connection
        self.release = await require_supported_broker(connection)
        names = TopicNames(self.settings.topic_prefix)
        await create_topics(
            connection,
            topic_specs(names),
            partitions=self.settings.partition_count,
            replicas=self.settings.replication_factor,
        )
        self._partitions = len(await ends(connection, names.stop_requests))
        if not self._short_lived:
            self.http = choose_address(self.settings)
            self.services["server"] = self._service("server", RESCIND_HTTP_PORT=str(self.http.port))
            # What `run --on process` has started here is then ended if it does not answer.
            self.services["runner"] = self._service("runner", **self._measured)
        for service in self.services.values():
            await service.start()
        logs = {name: str(service.log_file) for name, service in self.services.items()}
        http = "" if self.http is None else str(self.http)
        up = UpState.of_this_process(connection.bootstrap, logs, http)
        write_up(self.settings.data_dir, up)
        await self.until_ready()

    async def stop(self) -> None:
        for service in reversed(self.services.values()):
            await service.stop(_GRACE_SECONDS)
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self.broker is not None:
            await self.broker.stop_async()
        if self._lock is not None:
            remove_up(self.settings.data_dir)
            self._lock.release()

    def pids(self) -> list[int]:
        """The processes of the services that run now."""
        found = [service.pid for service in self.services.values()]
        return [pid for pid in found if pid is not None]

    async def until_ready(self) -> None:
        """Wait until a worker has every partition, agents are in their group, a server answers.

        Raises `NotReadyError` if that takes long.
        """
        end = time.monotonic() + _READY_SECONDS_MAX
        while (missing := await self._not_at_work()) is not None:
            if time.monotonic() > end:
                log = self.services[missing].log_file
                raise NotReadyError(missing, _READY_SECONDS_MAX, str(log))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _not_at_work(self) -> str | None:
        names = TopicNames(self.settings.topic_prefix)
        try:
            lifecycle = await describe_group(self.connection, names.lifecycle_group)
            agents = await describe_group(self.connection, f"{names.prefix}agents")
        except BrokerUnavailableError:
            return "worker"
        lanes = (names.stop_requests, names.start_requests)
        partitions = lifecycle.served(lanes[0]) & lifecycle.served(lanes[1])
        if lifecycle.state != "Stable" or len(partitions) < self._partitions:
            return "worker"
        if agents.state != "Stable" or not agents.members:
            return "agents"
        return None if self.http is None or await self.http.is_ready() else "server"

    def _service(self, name: str, **environment: str) -> Service:
        log = self.settings.data_dir / "logs" / f"{name}.log"
        return Service(name, log, {**self.environment, **environment}, self._news)

    def _lock_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "up.lock")
            is_free = lock.acquire(wait=False)
        except OSError as error:
            expected = "a folder that this user may write"
            raise SettingsError([("RESCIND_DATA_DIR", expected, f"{folder} ({error})")]) from error
        if not is_free:
            up = read_up(folder)
            raise AlreadyUpError(str(folder), up.pid if up else None, up.bootstrap if up else None)
        self._lock = lock

    async def _keep_broker(self, broker: EmbeddedBroker) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if broker.is_running:
                continue
            self._news("kafka", f"has ended; starting it again (log: {broker.log_file})")
            try:
                await broker.start_async()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self._news("kafka", str(error))
                await asyncio.sleep(_BROKER_BACKOFF_SECONDS)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
