"""`Means`: what the endpoints work with: the line to Kafka, the read model, and who keeps it.

The server listens before either is there, and goes on while one is away: a cancel needs Kafka
alone, and a read the database alone.
"""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

import structlog

from rescind.access.register import Register
from rescind.asking.line import Line
from rescind.errors import (
    BrokerError,
    BrokerUnavailableError,
    NoAnswerError,
    ReadModelError,
    SettingsError,
    UnreadableStateError,
)
from rescind.events.journal import Entry
from rescind.events.requests import AnyRequest
from rescind.kafka.connection import Connection, connect
from rescind.kafka.reading.visits import ends
from rescind.kafka.topics import TopicNames
from rescind.kafka.versions import require_supported_broker
from rescind.processors.shared.keys import signing_keys
from rescind.processors.worker import policy_of
from rescind.server.access.denials import Denials
from rescind.server.access.gate import Gate
from rescind.server.access.sessions import Sessions
from rescind.server.api.hearing import Heard
from rescind.server.api.lateness import Lateness, shown_until
from rescind.server.api.live.beat import Beat
from rescind.server.api.live.sharing import Shared
from rescind.server.api.measuring import Meters
from rescind.server.api.problems import Kind, ProblemError
from rescind.server.listening import asks_for_tokens
from rescind.server.readmodel.projection import Projection
from rescind.server.readmodel.reading import ReadModel
from rescind.server.readmodel.standing import PartitionLag
from rescind.server.readmodel.storage.database import open_database
from rescind.server.readmodel.threads import in_thread
from rescind.settings import Settings

__all__ = ["Means"]

_ANSWER_SECONDS: Final = 2.0
_SEND_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 5.0
_LATE_SECONDS: Final = 2.0
# Requests that Kafka has not taken: more of them would only wait in memory.
_BACKLOG_MAX: Final = 1_000

_log = structlog.get_logger(__name__)


class Means:
    """An async context manager: entered, it looks for Kafka and keeps the read model.

    Making one raises `SettingsError` and `ExtraMissingError`.

    Attributes:
        model: what can be asked about runs.
        no_kafka, no_reads: what is wrong with either at present; empty if nothing is.
        lag, behind_seconds: how far each partition of the read model is behind, None if nobody
            knows; and how old that makes what reads show.
        beat, shared: tells whoever follows events that there are more, and its end ends them; and
            has what comes next, once for all of them.
        streams: how many follow.
        heard: when each runner was heard last.
        letter_seats: how many may read dead letters at once.
        register, gate: the tokens that there are, None if nobody is asked for one; who asks, and
            what they may.

    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policy = policy_of(settings)
        self.names = TopicNames(settings.topic_prefix)
        self.no_kafka = "the server has just started, and has not found it yet"
        self.no_reads = "the server has just started, and has not looked yet"
        self.lag: dict[int, PartitionLag] | None = None
        self.meters = Meters()
        self.streams = 0
        self.heard = Heard()
        # Each reads in the topic: more at once would only take memory from what matters.
        self.letter_seats = asyncio.Semaphore(2)
        self._keys = signing_keys(settings)
        self._database = open_database(settings)
        self.model = ReadModel(self._database)
        self.beat = Beat(self.model)
        self.shared = Shared(self.model)
        self.register = Register(self._keys) if asks_for_tokens(settings) else None
        self.gate = Gate(
            self.register,
            Sessions(self._keys.values()),
            Denials(self.ask),
            lambda: self.no_kafka or "they are being read",
        )
        self._line: Line | None = None
        self._lateness = Lateness()
        # By the last good look: how old what reads show was then; None before the first.
        self._late_seconds: float | None = None
        self._looked_at = time.monotonic()
        self._working: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._working = [
            asyncio.create_task(self._work_for_ever(), name="means"),
            asyncio.create_task(self._look_alone(), name="age"),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.beat.end()
        for task in self._working:
            task.cancel()
        await asyncio.wait(self._working)
        self._database.close()

    async def ask(self, request: AnyRequest) -> Entry | None:
        """What the service answers, signed as it is; None: nothing yet, and Kafka has the request.

        Raises `ProblemError` or `BrokerError` if Kafka does not say that it has it; it may have it
        all the same.
        """
        line = self._line
        if line is None:
            raise ProblemError(Kind.KAFKA_AWAY, self.no_kafka)
        if line.backlog >= _BACKLOG_MAX:
            raise ProblemError(Kind.KAFKA_AWAY, f"{_BACKLOG_MAX} requests wait for it already")
        try:
            return await line.ask(request, within_seconds=_ANSWER_SECONDS)
        except NoAnswerError:
            return None

    @property
    def behind_seconds(self) -> float:
        """How old what reads show may be: what they lacked at the last good look, and since then.

        0 if that look was the last one, and found them complete.
        """
        late = self._late_seconds or 0.0
        is_fresh = self.lag is not None and not late
        return 0.0 if is_fresh else late + time.monotonic() - self._looked_at

    @property
    def no_tokens(self) -> str:
        """Why nobody can be told from anybody else; empty if they can, or need not be."""
        is_ready = self.register is None or self.register.is_complete
        return "" if is_ready else "the tokens have not been read yet"

    async def _work_for_ever(self) -> None:
        while True:
            try:
                await self._work()
            except (BrokerError, SettingsError) as error:
                self._tell_kafka(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                _log.exception("the way to Kafka was lost")
                self._tell_kafka(str(error))
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _look_alone(self) -> None:
        """Until there is an age: before Kafka has been asked for ends, the read model says it."""
        while self._late_seconds is None:
            try:
                until_ms = shown_until(await in_thread(self.model.standings))
            except Exception:  # noqa: BLE001 - who reads is told what is wrong with the database
                until_ms = None
            if until_ms is not None and self._late_seconds is None:
                self._late_seconds = max(0.0, time.time() - until_ms / 1000)
                self._looked_at = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _work(self) -> None:
        """Until it is cancelled. Raises `BrokerError` while Kafka has not been found."""
        connection = connect(self.settings)
        await require_supported_broker(connection, wait_seconds=_AGAIN_SECONDS)
        projection = Projection(connection, self.names.journal, self._database)
        async with Line(connection, self.names, self._keys, send_seconds=_SEND_SECONDS) as line:
            self._line = line
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._keep_projecting(projection))
                    group.create_task(self._keep_looking(connection))
                    group.create_task(self._keep_listening(connection))
                    if self.register is not None:
                        group.create_task(self._keep_register(self.register, connection))
            finally:
                self._line = None

    async def _keep_projecting(self, projection: Projection) -> None:
        while True:
            try:
                await projection.run()
            except (ReadModelError, UnreadableStateError):
                # It has said what somebody has to do; until they have, it is tried again.
                pass
            except Exception:  # noqa: BLE001 - whatever it is, cancels have to go on
                # The lag tells whoever asks whether the server is ready.
                _log.exception("the journal is not projected")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _keep_listening(self, connection: Connection) -> None:
        while True:
            try:
                await self.heard.listen(connection, self.names.heartbeats)
            except Exception as error:  # noqa: BLE001 - nothing else waits for it
                _log.warning("heartbeats are not heard", why=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _keep_register(self, register: Register, connection: Connection) -> None:
        while True:
            try:
                await register.follow(connection, self.names)
            except Exception as error:  # noqa: BLE001 - those that are known are good meanwhile
                _log.warning("tokens are not followed", why=str(error))
            await asyncio.sleep(_AGAIN_SECONDS if register.is_complete else _LOOK_SECONDS)

    async def _keep_looking(self, connection: Connection) -> None:
        while True:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    last = await ends(connection, self.names.journal)
                self._tell_kafka("")
                known = await in_thread(self.model.standings)
                self.lag = self._lateness.look(known, last, round(time.time() * 1000))
                behind = (one.seconds for one in self.lag.values() if one.offsets)
                self._late_seconds = max(behind, default=0.0)
                self._looked_at = time.monotonic()
                self.no_reads = ""
            except BrokerError as error:
                self._tell_kafka(str(error))
            except TimeoutError:
                why = f"nothing within {_LOOK_SECONDS:g} s"
                self._tell_kafka(str(BrokerUnavailableError(connection.bootstrap, why)))
            except Exception as error:  # noqa: BLE001 - cancels have to go on, as above
                self.lag, self.no_reads = None, str(error)
            # Who is behind is looked at again soon: most often it was only for a moment.
            is_late = self.behind_seconds > _LATE_SECONDS
            is_well = not self.no_kafka and not self.no_reads and not is_late
            await asyncio.sleep(_LOOK_SECONDS if is_well else _AGAIN_SECONDS)

    def _tell_kafka(self, why: str) -> None:
        if why and not self.no_kafka:
            _log.warning("Kafka is away; cancels are not taken", why=why)
        elif self.no_kafka and not why:
            _log.info("Kafka is there; cancels are taken")
        self.no_kafka = why
        if why:
            self.lag = None
