"""The agent that gives runners up: it hears heartbeats and asks ``runner.lost`` of the lifecycle.

A runner is listened for in the partition of its id, where one agent alone judges it. A heartbeat
that lies elsewhere (librdkafka hashes keys by CRC32) is sent on to there by the agent that reads
it. What is asked is asked again until it shows in the topic ``runners``, and the lifecycle decides:
doing it twice is harmless. The agent never raises: an exception that leaves a Faust agent
acknowledges the event and loses it.
"""

import asyncio
import socket
import time
import uuid
from collections.abc import Set as AbstractSet
from typing import Any

import orjson
import structlog

from rescind.errors import BrokerError
from rescind.events.intents import Canary
from rescind.events.requests import RunnerLost
from rescind.events.words import Actor
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord
from rescind.processors.measuring.agents import AgentMeters
from rescind.processors.on_faust.committed import CommittedApp
from rescind.processors.shared.tools import Asking
from rescind.processors.watching.registry import Registry
from rescind.processors.watching.silence import Silence

__all__ = ["Liveness", "add_liveness"]

CANARY_SECONDS = 1.0
GAP_MS = 5_000
AGAIN_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Liveness:
    """What the agent knows: who was heard when, and whom it has given up."""

    def __init__(self, registry: Registry, lost_after_seconds: float, partitions: int) -> None:
        self.agent_id = uuid.uuid4().hex
        self._registry = registry
        self._partitions = partitions
        self._lost_after_ms = round(lost_after_seconds * 1000)
        self._silence: dict[int, Silence] = {}
        self._asked: dict[str, float] = {}
        self._misplaced: set[str] = set()

    def hears(self, partitions: AbstractSet[int]) -> None:
        """From now on these, and no others: what comes back later begins anew.

        Another agent has heard it meanwhile, and whom that one has heard is not known here.
        """
        self._silence = {p: each for p, each in self._silence.items() if p in partitions}

    def hear(self, partition: int, at_ms: int, value: bytes | None) -> bool:
        """Take in one heartbeat or canary, or a stranger's; whether it was our own canary.

        Only runners that are registered are remembered: anybody may write a heartbeat. One that
        is not known here yet has the whole time from its registration on.
        """
        silence = self._silence.setdefault(partition, Silence(self._lost_after_ms, GAP_MS))
        match _read(value):
            case {"runner_id": str(runner_id)} if self._registry.is_living(runner_id):
                if self._home_of(runner_id) == partition:
                    silence.heartbeat(runner_id, at_ms)
            case {"agent_id": self.agent_id}:
                silence.canary(at_ms)
                return True
            case _:
                pass
        return False

    def sent_on(self, topic: str, partition: int, value: bytes | None) -> OutRecord | None:
        """The same heartbeat for where it is listened for, if it lies elsewhere.

        Only of runners that are registered: a stranger's is worth no record.
        """
        match _read(value):
            case {"runner_id": str(runner_id)} if self._registry.is_living(runner_id):
                home = self._home_of(runner_id)
            case _:
                return None
        if home == partition:
            return None
        if runner_id not in self._misplaced:
            self._misplaced.add(runner_id)
            _log.warning(
                "a runner's heartbeats lie on another partition than its id's; they are sent on",
                runner_id=runner_id,
                partition=partition,
                expected=home,
            )
        return OutRecord(topic, runner_id.encode(), value, (), home)

    def lost(self, partition: int) -> list[RunnerLost]:
        """Whom to give up now, among the runners whose heartbeats lie in this partition."""
        silence, living = self._silence[partition], self._registry.living()
        silence.keep(living)
        self._asked = {who: at for who, at in self._asked.items() if who in living}
        self._misplaced &= living
        found: list[RunnerLost] = []
        for runner_id in sorted(living):
            if self._home_of(runner_id) != partition:
                continue
            registered_ms = self._registry.registered_ms(runner_id)
            if silence.is_lost(runner_id, registered_ms) and self._may_ask(runner_id):
                found += self._losses(runner_id)
        return found

    def canaries(self, topic: str, partitions: list[int]) -> list[OutRecord]:
        """Our own heartbeat, for each partition that we hear."""
        canary = Canary(
            agent_id=self.agent_id,
            service="agents",
            host=socket.gethostname(),
            sent_at=round(time.time() * 1000),
        )
        value = canary.model_dump_json().encode()
        return [OutRecord(topic, None, value, (), partition) for partition in partitions]

    def _home_of(self, runner_id: str) -> int:
        return partition_of(runner_id, self._partitions)

    def _may_ask(self, runner_id: str) -> bool:
        now = time.monotonic()
        if now - self._asked.get(runner_id, float("-inf")) < AGAIN_SECONDS:
            return False
        self._asked[runner_id] = now
        return True

    def _losses(self, runner_id: str) -> list[RunnerLost]:
        seconds = round(self._lost_after_ms / 1000)
        return [
            RunnerLost(
                request_id=f"lost-{runner_id}-{partition}",
                actor=Actor(kind="service", id="liveness"),
                runner_id=runner_id,
                partition=partition,
                reason=f"no heartbeat for {seconds} s",
            )
            for partition in sorted(self._registry.partitions_of(runner_id))
        ]


def _read(value: bytes | None) -> Any:
    try:
        return orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None


def add_liveness(app: CommittedApp, tools: Asking, liveness: Liveness, meters: AgentMeters) -> None:
    """Put the agent and its canary on the app."""
    topic = tools.topics.heartbeats
    heartbeats = app.topic(topic, value_type=bytes, value_serializer="raw")

    _tell_of_partitions(app, topic, liveness)

    @app.agent(heartbeats, concurrency=1, name="liveness")
    async def hear(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            meters.read(topic, message.partition, message.offset)
            at_ms = round(message.timestamp * 1000)
            if liveness.hear(message.partition, at_ms, event.value):
                await give_up(message.partition)
            elif (again := liveness.sent_on(topic, message.partition, event.value)) is not None:
                await send_on(again)

    async def send_on(heartbeat: OutRecord) -> None:
        try:
            await tools.send_all([heartbeat])
        except BrokerError as error:
            _log.warning("a heartbeat could not be sent on", error=str(error))

    async def give_up(partition: int) -> None:
        for request in liveness.lost(partition):
            _log.warning("a runner is given up", runner_id=request.runner_id)
            meters.given_up()
            try:
                await tools.ask(request.partition or 0, [request])
            except BrokerError as error:
                _log.warning("asking again later", error=str(error))

    @app.timer(interval=CANARY_SECONDS, name="canary")
    async def beat() -> None:
        mine = [tp.partition for tp in app.consumer.assignment() if tp.topic == topic]
        canaries = tools.send_all(liveness.canaries(topic, mine))
        try:
            await asyncio.wait_for(canaries, CANARY_SECONDS * 5)
        except (BrokerError, TimeoutError) as error:
            _log.warning("no canary could be sent", error=str(error))


def _tell_of_partitions(app: CommittedApp, topic: str, liveness: Liveness) -> None:
    @app.on_partitions_assigned.connect
    async def hears(_app: Any, /, *told: Any, **_more: Any) -> None:
        (assigned,) = told
        liveness.hears({tp.partition for tp in assigned if tp.topic == topic})
