"""`EmbeddedBroker`: a Kafka that starts, answers, keeps its data and ends with its owner.

Start and stop block for seconds; code in an event loop uses ``async with``, which waits in a
thread. The data folder is formatted once and keeps its cluster id; the lock on it is held by
the broker's process itself, so that a second broker is refused as long as the first one lives,
whoever started it.
"""

import asyncio
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rescind.errors import BrokerRunningError, BrokerStartError, PortTakenError
from rescind.kafka.embedded.config import Ports, controller_alone, write_config
from rescind.kafka.embedded.download import ensure_jars
from rescind.kafka.embedded.fencing import is_fenced, was_killed
from rescind.kafka.embedded.formatting import data_folder, format_data, is_unformatted
from rescind.kafka.embedded.java import Java, clean_environment
from rescind.kafka.embedded.locks import FileLock
from rescind.kafka.embedded.logs import LogFollower, tail
from rescind.kafka.embedded.pins import KAFKA_VERSION, pinned_jars
from rescind.kafka.embedded.ports import choose_port
from rescind.kafka.embedded.process import BrokerProcess
from rescind.kafka.embedded.progress import Progress, ProgressCallback, Stage, silent
from rescind.kafka.embedded.state import BrokerState, read_state, remove_state, write_state
from rescind.settings import Settings

__all__ = ["EmbeddedBroker"]

_START_SECONDS_MAX = 60
_STOP_SECONDS_MAX = 20
_TRIES = 3


class EmbeddedBroker:
    """A broker on ``data_dir`` with its program files in ``cache_dir``.

    ``port`` 0 takes any free one; with ``fallback``, so does a port that is taken. ``properties``
    go before the broker's own. ``short_lived`` spares work that pays off after minutes only.
    ``tune`` lets the first clean stop make later starts quick.
    """

    def __init__(
        self,
        data_dir: Path,
        cache_dir: Path,
        *,
        port: int = 0,
        fallback: bool = True,
        heap_mb: int = 512,
        properties: Mapping[str, str] | None = None,
        short_lived: bool = False,
        repository: str | None = None,
        progress: ProgressCallback = silent,
        tune: bool = True,
    ) -> None:
        self.data_dir = data_dir
        self._cache_dir = cache_dir
        self._port = port
        self._fallback = fallback
        self._heap_mb = heap_mb
        self._properties = dict(properties or {})
        self._short_lived = short_lived
        self._repository = repository
        self._progress = progress
        self._tune = tune
        self._folder = data_dir / "kafka"
        self._process: BrokerProcess | None = None
        self._java: Java | None = None
        self._ports: Ports | None = None
        self._record: Path | None = None
        self._given_up = threading.Event()

    @classmethod
    def from_settings(
        cls, settings: Settings, progress: ProgressCallback = silent, *, short_lived: bool = False
    ) -> Self:
        """The broker that the settings describe; only the default port may give way to another."""
        return cls(
            settings.data_dir,
            settings.cache_dir,
            port=settings.embedded_port,
            fallback="embedded_port" not in settings.model_fields_set,
            heap_mb=settings.embedded_heap_mb,
            short_lived=short_lived,
            repository=settings.maven_repository,
            progress=progress,
        )

    @property
    def bootstrap(self) -> str:
        """The address for clients; the broker must have been started."""
        assert self._ports is not None, "not started"
        return f"127.0.0.1:{self._ports.client}"

    @property
    def log_file(self) -> Path:
        return self._folder / "broker.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def start(self) -> str:
        """Start and wait until it answers; return the address. Again after a stop: same data.

        Raises `DownloadError`, `PortTakenError`, `BrokerRunningError` or `BrokerStartError`.
        """
        if self.is_running:
            return self.bootstrap
        jars = ensure_jars(pinned_jars(), self._cache_dir, self._progress, self._repository)
        self._java = Java.find(jars, self._cache_dir)
        lock = self._lock_folder()
        try:
            if is_unformatted(self._folder):
                self._say("format", "Preparing Kafka's data folder")
                format_data(self._folder, self._java)
            self._start(self._java, lock)
        except BaseException:
            self.kill()
            raise
        finally:
            # The process has inherited it, and gives it back by ending.
            lock.release()
        self._say("ready", f"Kafka {KAFKA_VERSION} answers at {self.bootstrap}")
        return self.bootstrap

    def stop(self) -> None:
        """End it cleanly; by force if it does not. The first time, also make starts quick."""
        if self._process is None:
            return
        self._say("stop", "Stopping Kafka")
        graceful = self._process.end(_STOP_SECONDS_MAX)
        self._process = None
        remove_state(self.data_dir)
        if self._record is not None and self._java is not None and graceful:
            self._say("tune", "Making later starts of Kafka quick (once)")
            self._java.make_cache(self._record, self._heap_mb)
        self._record = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    async def start_async(self) -> str:
        """`start` in a thread. If the waiting task is cancelled, the broker is ended."""
        self._given_up.clear()
        starting = asyncio.create_task(asyncio.to_thread(self.start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._given_up.set()
            await asyncio.wait([starting])
            # Seen, so that nobody logs that nobody has: it was to fail.
            starting.exception()
            await asyncio.to_thread(self.kill)
            raise

    async def stop_async(self) -> None:
        await asyncio.to_thread(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await self.start_async()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop_async()

    def _lock_folder(self) -> FileLock:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / "broker.lock")
            free = lock.acquire(wait=False)
        except OSError as error:
            remedy = "make it writable, or choose another by RESCIND_DATA_DIR"
            why = f"its data folder cannot be used: {error}"
            raise BrokerStartError(why, str(self.log_file), "", remedy) from error
        if not free:
            state = read_state(self.data_dir)
            raise BrokerRunningError(str(self._folder), state.pid if state else None)
        return lock

    def _start(self, java: Java, lock: FileLock) -> None:
        for left in reversed(range(_TRIES)):
            client = choose_port(self._port, fallback=self._fallback)
            self._ports = Ports(client, choose_port(0, fallback=True, avoid=client))
            try:
                if was_killed(data_folder(self._folder)):
                    self._fence(java, lock, self._ports)
                self._serve(java, lock, self._ports)
            except PortTakenError:
                # Somebody was quicker between our look and the broker's.
                self.kill()
                if not left:
                    raise
            else:
                # Clients of ours know it: a start after a stop comes back there if it can.
                self._port = client
                return

    def _fence(self, java: Java, lock: FileLock, ports: Ports) -> None:
        """Run the controller alone until it has given up the broker that was killed."""
        self._say("start", "Kafka was killed: looking after its transactions first")
        properties = {**self._properties, **controller_alone(ports)}
        self._process = self._spawn(java, lock, ports, properties, java.short_run())
        self._wait_until(lambda: is_fenced(self._log))
        self._process.end(_STOP_SECONDS_MAX)

    def _serve(self, java: Java, lock: FileLock, ports: Ports) -> None:
        self._say("start", f"Starting Kafka {KAFKA_VERSION}")
        options = java.cached_start()
        self._record = None
        if not options and self._tune:
            self._record = java.aot_cache.with_name(f"start-{uuid.uuid4().hex}.record")
            options = java.recorded_start(self._record)
        elif self._short_lived:
            options = java.short_run()
        self._process = self._spawn(java, lock, ports, self._properties, options)
        self._wait_until(lambda: self._log.has("Kafka Server started"))
        state = BrokerState.of(self._process.pid, self.bootstrap, self.log_file)
        write_state(self.data_dir, state)

    def _spawn(
        self,
        java: Java,
        lock: FileLock,
        ports: Ports,
        extra: Mapping[str, str],
        options: Sequence[str],
    ) -> BrokerProcess:
        data = data_folder(self._folder)
        properties, logging = write_config(self._folder, data, self.log_file, ports, extra)
        # Java unpacks its native libraries there.
        folders = [f"-Dlog4j2.configurationFile={logging}", f"-Djava.io.tmpdir={self._folder}"]
        options = [*options, *folders]
        self._log = LogFollower(self.log_file)
        try:
            return BrokerProcess(
                java.command(
                    "kafka.Kafka", str(properties), heap_mb=self._heap_mb, options=options
                ),
                output=self._folder / "java.log",
                environment=clean_environment(self._folder),
                inherit=[lock.fileno()],
            )
        except OSError as error:
            raise self._failed(f"Java cannot be run: {error}") from error

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        assert self._process is not None
        waited = 0.0
        while not ready():
            if self._process.wait(0.05):
                raise self._why_it_ended()
            waited += 0.05
            if waited > _START_SECONDS_MAX:
                raise self._failed(f"it did not answer within {_START_SECONDS_MAX} s")
            if self._given_up.is_set():
                raise self._failed("the start was given up")

    def _why_it_ended(self) -> BrokerStartError | PortTakenError:
        assert self._process is not None
        if self._log.has("Address already in use"):
            return PortTakenError(self._ports.client if self._ports else self._port)
        return self._failed(f"it ended with code {self._process.returncode}")

    def _failed(self, why: str) -> BrokerStartError:
        lines = tail(self.log_file, 12) or tail(self._folder / "java.log", 12)
        remedy = "see the log; if the data may go, remove the folder and start again"
        return BrokerStartError(why, str(self.log_file), lines, f"{remedy} ({self._folder})")

    def _say(self, stage: Stage, message: str) -> None:
        self._progress(Progress(stage, message))
