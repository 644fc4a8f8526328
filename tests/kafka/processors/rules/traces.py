"""The core's random traces, played to a service on a real Kafka, many of them side by side.

Each has ids of its own, so they share topics and pipelines. A round is a step of each: what is
sent lies with its sender until a turn takes it, then it goes to its lane; a restart is one of a
partition, in the middle of what the others do. Nobody waits for every answer, so how records
fall into transactions is Kafka's affair, and chance misplaces some. Real clocks strike by
themselves: what the core calls twenty seconds is one here.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from random import Random
from typing import Any, Final

import orjson

from rescind.events.requests import Lane
from rescind.kafka.reading.visits import ends
from rescind.kafka.records import Sent as Place
from rescind.processors.lifecycle.lifecycle import Lifecycle
from rescind.statemachine.edges import is_cancelling, is_running
from rescind.statemachine.families import all_errands
from rescind.statemachine.policy import Policy
from tests.kafka.processors.pipelines import Running, at_rest, running
from tests.kafka.processors.rules.fold import Fold
from tests.kafka.processors.service import KEY, Service
from tests.model import shell
from tests.model.picking import RUNNERS
from tests.model.trace import Answered, Restart, Sent, Step, Turn
from tests.waiting import until

__all__ = ["Playing"]

_SPEED: Final = 20
POLICY: Final = replace(
    shell.POLICY,
    # Several traces share a partition.
    finished_max=8,
    **{
        name: getattr(shell.POLICY, name) / _SPEED
        for name in (
            "acknowledge_seconds",
            "grace_seconds",
            "deadline_seconds",
            "wait_seconds_max",
            "abort_seconds",
            "armed_seconds",
            "forget_after_seconds",
        )
    },
)
_LONG_SECONDS: Final = 120
_IDS: Final = {"flow_run_id", "child_flow_run_id", "runner_id", "target_runner_id", "bulk_id"}


class _Played:
    """One trace: what is left of it, and what lies with its sender."""

    def __init__(self, seed: int, trace: Iterable[Step]) -> None:
        self.seed = seed
        self.steps = deque(trace)
        self.lanes: dict[Lane, deque[Sent]] = {"start": deque(), "stop": deque()}


class Playing:
    """Pipelines of all partitions in this process, and traces that are played to them."""

    def __init__(
        self,
        service: Service,
        traces: dict[int, list[Step]],
        policy: Policy = POLICY,
        *,
        misplaced: float = 0.03,
    ) -> None:
        self.checked = 0
        self._service = service
        self._policy = policy
        self._misplaced = misplaced
        self._traces = [_Played(seed, trace) for seed, trace in traces.items()]
        self._chance = Random(min(traces))
        self._serving: dict[int, tuple[Running, AsyncExitStack]] = {}
        self._folds = [Fold(service, number) for number in range(service.partitions)]
        self._posted: list[tuple[Lane, asyncio.Future[Place]]] = []

    async def to_the_end(self) -> None:
        """Play every trace, let clocks and losses end what is open, and stop."""
        try:
            await asyncio.gather(*map(self._take_over, range(self._service.partitions)))
            while any(played.steps for played in self._traces):
                await self._round()
            await self._nothing_is_stuck()
        finally:
            for partition, (_, stack) in self._serving.items():
                await stack.aclose()
                await at_rest(self._service, partition)

    async def _round(self) -> None:
        steps = [(p, self._step(p)) for p in self._traces if p.steps]
        fall = {self._partition_of(played) for played, step in steps if isinstance(step, Restart)}
        if any(isinstance(step, Answered) for _, step in steps):
            await self._answered()
        elif self._chance.random() < 0.5:
            await self._taken_in()
        await asyncio.gather(*map(self._restart, sorted(fall)))

    def _step(self, played: _Played) -> Step:
        """One step of a trace."""
        step = played.steps.popleft()
        match step:
            case Sent():
                owned = step._replace(value=_owned(step.value, played.seed))
                played.lanes[step.lane].append(owned.naming(self._cancellation_id))
            case Turn():
                self._send(played, "stop", step.stop)
                self._send(played, "start", step.start)
            case Answered():
                self._send_all(played)
            case Restart():
                pass
        return step

    def _send_all(self, played: _Played) -> None:
        self._send(played, "stop")
        self._send(played, "start")

    def _send(self, played: _Played, lane: Lane, most: int | None = None) -> None:
        """Up to so many of the records that lie with the sender."""
        waiting = played.lanes[lane]
        for _ in range(len(waiting) if most is None else min(most, len(waiting))):
            self._post(waiting.popleft(), self._partition_of(played))

    def _post(self, sent: Sent, elsewhere: int) -> None:
        """To the partition of its stream; a runner is told of in all; some are misplaced."""
        words = _words(sent.value)
        stream, kind = words.get("flow_run_id", words.get("bulk_id")), str(words.get("type"))
        partitions = [elsewhere]
        if kind.startswith("runner."):
            partitions = list(range(self._service.partitions))
        elif stream is not None and self._chance.random() >= self._misplaced:
            partitions = [self._service.partition_of(stream)]
        for partition in partitions:
            posted = self._service.post(
                sent.value,
                lane=sent.lane,
                partition=partition,
                signed_by=KEY if sent.signed else None,
            )
            self._posted.append((sent.lane, posted))

    def _partition_of(self, played: _Played) -> int:
        return played.seed % self._service.partitions

    def _cancellation_id(self, flow_run_id: str) -> str | None:
        serving, _ = self._serving[self._service.partition_of(flow_run_id)]
        return shell.cancellation_of(serving.pipeline.life.base, flow_run_id)

    async def _taken_in(self) -> None:
        """Until all that was posted has an outcome."""
        posted, self._posted = self._posted, []
        last: dict[tuple[Lane, int], int] = {}
        for lane, sending in posted:
            place = await sending
            last[lane, place.partition] = place.offset

        async def is_taken() -> bool:
            await self._go_on()
            return all(self._previous(lane, p) >= offset for (lane, p), offset in last.items())

        await until(is_taken, within_seconds=_LONG_SECONDS)

    async def _answered(self) -> None:
        """The same of what the partitions have to tell each other, until nobody has anything."""
        await self._taken_in()
        names, connection = self._service.names, self._service.connection
        lanes = (names.stop_requests, names.start_requests)

        async def is_quiet() -> bool:
            await self._go_on()
            stop, start = [await ends(connection, topic) for topic in lanes]
            read = [self._next("stop", p) >= end for p, end in stop.items()]
            if not all(read + [self._next("start", p) >= end for p, end in start.items()]):
                return False
            return not any(_owes(each.pipeline.life) for each, _ in self._serving.values())

        await until(is_quiet, within_seconds=_LONG_SECONDS)

    def _next(self, lane: Lane, partition: int) -> int:
        serving, _ = self._serving[partition]
        return serving.pipeline.life.position.of(lane).next

    def _previous(self, lane: Lane, partition: int) -> int:
        serving, _ = self._serving[partition]
        return serving.pipeline.life.position.of(lane).previous

    async def _restart(self, partition: int) -> None:
        """Mostly one after the other, with a look at what the next one finds; else overtaken."""
        _, before = self._serving[partition]
        if self._chance.random() < 0.8:
            await before.aclose()
            await self._folds[partition].check()
            self.checked += 1
        await self._take_over(partition)
        await before.aclose()

    async def _take_over(self, partition: int) -> None:
        pipeline = running(self._service, partition, policy=self._policy)
        stack = AsyncExitStack()
        serving = await stack.enter_async_context(pipeline)
        await until(
            lambda: serving.pipeline.is_serving or serving.task.done(), within_seconds=_LONG_SECONDS
        )
        if serving.pipeline.is_serving:
            self._serving[partition] = (serving, stack)
        else:
            await stack.aclose()
            await self._take_over(partition)

    async def _go_on(self) -> None:
        """Begin again, as a worker does, where one that was overtaken has fenced the next one."""
        for partition, (serving, stack) in list(self._serving.items()):
            if serving.task.done():
                await stack.aclose()
                await self._take_over(partition)

    async def _nothing_is_stuck(self) -> None:
        """Clocks end every cancelling; what is left ends with its runners."""
        for played in self._traces:
            self._send_all(played)
        await self._taken_in()
        await self._until_none(_is_ending)
        for played in self._traces:
            for runner_id in RUNNERS:
                lost = {"type": "runner.lost", "runner_id": f"{played.seed}-{runner_id}"}
                self._post(Sent("stop", orjson.dumps(lost), signed=True), 0)
        await self._taken_in()
        await self._until_none(_is_open)

    async def _until_none(self, what: Callable[[Lifecycle], bool]) -> None:
        async def is_over() -> bool:
            await self._go_on()
            return not any(what(serving.pipeline.life) for serving, _ in self._serving.values())

        await until(is_over, within_seconds=_LONG_SECONDS)


def _is_ending(life: Lifecycle) -> bool:
    flows = life.base.flows.values()
    return bool(life.base.armed) or any(is_cancelling(flow.state) for flow in flows)


def _is_open(life: Lifecycle) -> bool:
    base = life.base
    states = [flow.state for flow in base.flows.values()]
    states += [task.state for tasks in base.tasks.values() for task in tasks.values()]
    return any(map(is_running, states)) or bool(base.armed) or _owes(life)


def _owes(life: Lifecycle) -> bool:
    return bool(all_errands(life.base) or life.owed)


def _words(value: bytes) -> dict[str, Any]:
    try:
        words = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return words if isinstance(words, dict) else {}


def _owned(value: bytes, seed: int) -> bytes:
    """The same about runs and runners of this trace, and in its time."""
    words = _words(value)
    return orjson.dumps(_renamed(words, seed)) if words else value


def _renamed(said: Any, seed: int) -> Any:
    if isinstance(said, list):
        return [_renamed(each, seed) for each in said]
    if not isinstance(said, dict):
        return said
    renamed = {key: _renamed(each, seed) for key, each in said.items()}
    for key, each in said.items():
        if key in _IDS:
            renamed[key] = f"{seed}-{each}"
        elif key.endswith("_seconds"):
            renamed[key] = each / _SPEED
    return renamed
