"""The clocks of one partition: which is due next, and the requests by which they strike.

A clock strikes by a request on the stop lane like any other, so that a report which lay there
before it is judged before it. What runs follows from the state; here it is only kept in order.
A clock that was fired is fired again, later and later, until the state shows that it struck. One
that forgets is fired before its time where too much is kept that has ended.
"""

import heapq
from collections import Counter
from typing import Final, NamedTuple

import structlog
from pydantic import ValidationError

from rescind.events.requests import BulkForget, CancellationClock, Clock, RunnerForget
from rescind.events.words import Actor
from rescind.processors.pipeline.surplus import Surplus
from rescind.statemachine.clocks import (
    bulk_clocks,
    flow_clocks,
    runner_clocks,
    task_clocks,
)
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Partition, gives_way
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Cancellation

__all__ = ["ClockKeeper"]

_LIFECYCLE: Final = Actor(kind="service", id="lifecycle")

AGAIN_MS = 1_000
AGAIN_MS_MAX = 60_000

_log = structlog.get_logger(__name__)


class _Key(NamedTuple):
    flow_run_id: str
    task_run_id: str
    clock: Clock
    runner_id: str = ""
    """Of a runner's clock; the other ids are empty then."""
    bulk_id: str = ""
    """Of a bulk cancellation's clock, likewise."""


_Struck = CancellationClock | RunnerForget | BulkForget


class _Set(NamedTuple):
    due_ms: int
    cancellation_id: str | None
    traceparent: str | None = None
    fired: int = 0


class ClockKeeper:
    """Knows, after each commit, which clocks run and which of them are due.

    Attributes:
        running: how many clocks of each kind flow runs and task runs have; not those of others.

    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._set: dict[_Key, _Set] = {}
        self._heap: list[tuple[int, int, _Key]] = []
        self.running: Counter[Clock] = Counter()
        self._finished = Surplus[_Key](policy.finished_max)
        self._gone = Surplus[_Key](policy.finished_max)

    def restore(self, partition: Partition) -> None:
        """Set every clock that a restored state has."""
        for flow_run_id in dict.fromkeys([*partition.flows, *partition.armed]):
            self._see_flow(partition, flow_run_id)
        for flow_run_id in partition.tasks:
            self._see_tasks(partition, flow_run_id)
        for runner_id in partition.runners:
            self._see_runner(partition, runner_id)
        for bulk_id in partition.bulks:
            self._see_bulk(partition, bulk_id)
        self._make_room(partition)

    def see(self, draft: Draft) -> None:
        """Set the clocks anew of whatever a committed transaction has changed."""
        for flow_run_id in dict.fromkeys([*draft.flows, *draft.armed]):
            self._see_flow(draft.base, flow_run_id)
            flow = draft.base.flows.get(flow_run_id)
            if flow is not None and (flow.quarantined or flow.end is not None):
                # Those of its task runs stand still with it, though nothing has changed them, and
                # so do those of children that it has not waited for.
                self._see_tasks(draft.base, flow_run_id)
        for flow_run_id, tasks in draft.tasks.items():
            for task_run_id, task in tasks.items():
                if task is not None and task.cancellation is None:
                    continue
                self._see_task(draft.base, flow_run_id, task_run_id)
        for runner_id in draft.runners:
            self._see_runner(draft.base, runner_id)
        for bulk_id in draft.bulks:
            self._see_bulk(draft.base, bulk_id)
        self._make_room(draft.base)

    def next_due_ms(self) -> int | None:
        """When the next clock strikes, in milliseconds since 1970 by the broker's clock."""
        while self._heap:
            when_ms, due_ms, key = self._heap[0]
            known = self._set.get(key)
            if known is not None and known.due_ms == due_ms:
                return when_ms
            heapq.heappop(self._heap)
        return None

    def strike(self, now_ms: int, limit: int = 500) -> list[_Struck]:
        """The requests for the clocks that are due by the broker's time `now_ms`."""
        struck: list[_Struck] = []
        while len(struck) < limit:
            next_ms = self.next_due_ms()
            if next_ms is None or next_ms > now_ms:
                break
            _, due_ms, key = heapq.heappop(self._heap)
            known = self._set[key]
            if due_ms > now_ms and not self._surplus_of(key).is_too_much(key):
                continue
            wait_ms = min(AGAIN_MS << known.fired, AGAIN_MS_MAX)
            self._set[key] = known._replace(fired=min(known.fired + 1, 6))
            heapq.heappush(self._heap, (now_ms + wait_ms, due_ms, key))
            try:
                struck.append(_request(key, known))
            except ValidationError as error:
                # A bug for one run: those of the others strike all the same.
                said = error.errors(include_url=False, include_input=False)[0]
                _log.error("a clock cannot strike", **_about(key), why=str(said))
        return struck

    def _see_flow(self, partition: Partition, flow_run_id: str) -> None:
        flow = partition.flows.get(flow_run_id)
        running = {} if flow is None else flow_clocks(flow, self._policy)
        armed = partition.armed.get(flow_run_id)
        if armed is not None:
            running = {Clock.ARMED: armed.until_ms}
        self._put(flow_run_id, "", running, None if flow is None else flow.cancellation)
        forget_ms = running.get(Clock.FORGET) if gives_way(flow) else None
        self._finished.put(_Key(flow_run_id, "", Clock.FORGET), forget_ms)

    def _see_tasks(self, partition: Partition, flow_run_id: str) -> None:
        for task_run_id, task in partition.tasks.get(flow_run_id, {}).items():
            if task.cancellation is not None:
                self._see_task(partition, flow_run_id, task_run_id)

    def _see_task(self, partition: Partition, flow_run_id: str, task_run_id: str) -> None:
        flow = partition.flows.get(flow_run_id)
        task = partition.tasks.get(flow_run_id, {}).get(task_run_id)
        running = {} if task is None or flow is None else task_clocks(task, flow)
        cancellation = None if task is None else task.cancellation
        self._put(flow_run_id, task_run_id, running, cancellation)

    def _see_runner(self, partition: Partition, runner_id: str) -> None:
        runner = partition.runners.get(runner_id)
        running = {} if runner is None else runner_clocks(runner, self._policy)
        key = _Key("", "", Clock.FORGET, runner_id)
        self._put_one(key, running.get(Clock.FORGET), None)
        self._gone.put(key, running.get(Clock.FORGET))

    def _see_bulk(self, partition: Partition, bulk_id: str) -> None:
        bulk = partition.bulks.get(bulk_id)
        running = {} if bulk is None else bulk_clocks(bulk, self._policy)
        key = _Key("", "", Clock.FORGET, bulk_id=bulk_id)
        self._put_one(key, running.get(Clock.FORGET), None)

    def _make_room(self, partition: Partition) -> None:
        for surplus in (self._finished, self._gone):
            for key, due_ms in surplus.set_forward():
                # Not in front of what is due already.
                heapq.heappush(self._heap, (partition.last_at_ms, due_ms, key))

    def _surplus_of(self, key: _Key) -> Surplus[_Key]:
        return self._gone if key.runner_id else self._finished

    def _put(
        self,
        flow_run_id: str,
        task_run_id: str,
        running: dict[Clock, int],
        cancellation: Cancellation | None,
    ) -> None:
        for clock in Clock:
            self._put_one(_Key(flow_run_id, task_run_id, clock), running.get(clock), cancellation)

    def _put_one(self, key: _Key, due_ms: int | None, cancellation: Cancellation | None) -> None:
        known = self._set.get(key)
        if key.flow_run_id:
            self.running[key.clock] += (due_ms is not None) - (known is not None)
        if due_ms is None:
            self._set.pop(key, None)
        elif known is None or known.due_ms != due_ms:
            self._set[key] = (
                _Set(due_ms, None)
                if cancellation is None
                else _Set(due_ms, cancellation.id, cancellation.traceparent)
            )
            heapq.heappush(self._heap, (due_ms, due_ms, key))


def _about(key: _Key) -> dict[str, str]:
    return {name: value for name, value in key._asdict().items() if value}


def _request(key: _Key, known: _Set) -> _Struck:
    if key.runner_id:
        return RunnerForget(
            request_id=f"forget-{key.runner_id}-{known.due_ms}",
            actor=_LIFECYCLE,
            runner_id=key.runner_id,
            due_at=known.due_ms,
        )
    if key.bulk_id:
        return BulkForget(
            request_id=f"forget-bulk-{key.bulk_id}-{known.due_ms}",
            actor=_LIFECYCLE,
            bulk_id=key.bulk_id,
            due_at=known.due_ms,
        )
    return CancellationClock(
        # Deterministic: the same setting of the same clock asks the same.
        request_id=f"clock-{key.flow_run_id}-{key.task_run_id}-{key.clock.value}-{known.due_ms}",
        actor=_LIFECYCLE,
        flow_run_id=key.flow_run_id,
        task_run_id=key.task_run_id or None,
        clock=key.clock,
        due_at=known.due_ms,
        cancellation_id=known.cancellation_id,
        traceparent=known.traceparent,
    )
