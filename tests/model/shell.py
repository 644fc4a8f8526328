"""A partition's service without Kafka: two lanes, transactions of many requests, restarts.

Batches are decided as the real one decides them: some records of each lane, then what is owed
of sweeps, all on one draft. Each is decided three times, and has to come out the same: thrown
away and again on the same state, and on the state as a restart would find it. What other
partitions are to be told is sent with the sweeps, as if the broker had it at once; if there are no
other partitions, it comes to the own lane.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final

import orjson

from rescind.events import levels
from rescind.events.journal import Entry, FlowForgotten
from rescind.events.requests import Lane, Unreadable, read_request, write_request
from rescind.statemachine.answer import Core
from rescind.statemachine.draft import Draft
from rescind.statemachine.families import Errand, all_errands, errand_request
from rescind.statemachine.partition import Partition, gives_way
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.records import open_record
from rescind.statemachine.runs import FlowRun
from tests.model.asking import KINDS, Words
from tests.model.trace import Answered, Restart, Sent, Step, Turn
from tests.scenario import told
from tests.world import World, is_of_service

__all__ = ["POLICY", "WIDE", "Shell", "cancellation_of"]

POLICY: Final = Policy(
    acknowledge_seconds=2,
    grace_seconds=3,
    deadline_seconds=20,
    wait_seconds_max=60,
    abort_seconds=4,
    armed_seconds=30,
    armed_max=1,
    forget_after_seconds=90,
    finished_max=1,
    sweep_chunk=2,
)
"""Everything soon and small, so that chunks and limits are met."""

WIDE: Final = replace(POLICY, sweep_chunk=1_000)
"""The same without chunks: how much is swept at once is all that a transaction's size decides."""

_written = partial(open_record, level=levels.NEWEST)

GARBAGE: Final = (b"", b"{", b"[]", b'{"type":"flow.cancel"}', b'{"type":"no.such"}', b"\xff")


class Shell:
    """The world, what lies in its lanes, and a second opinion on all that it does."""

    def __init__(self, policy: Policy = POLICY, *, is_alone: bool = False) -> None:
        self.world = World(policy)
        self._is_alone = is_alone
        self.trace: list[Step] = []
        self.lanes: dict[Lane, deque[Sent]] = {"start": deque(), "stop": deque()}
        self.fold = Draft(Partition())
        self.made_room = False
        """Whether a flow run was forgotten before its time."""
        self._sent: list[Errand] = []

    def send(self, kind: str, chance: Random) -> None:
        """Somebody sends a request of this kind."""
        self._send({"type": kind, **KINDS[kind](self.world, chance)})

    def ask(self, words: Words) -> None:
        """Somebody asks this, and everything is answered."""
        self._send(words)
        self.drain()

    def _send(self, words: Words) -> None:
        value = orjson.dumps(words)
        request = read_request(value)
        assert not isinstance(request, Unreadable), request
        self._put(Sent(request.lane, value, signed=is_of_service(request)))

    def send_garbage(self, chance: Random) -> None:
        """Somebody sends what is no request."""
        self._put(Sent("stop", GARBAGE[chance.randrange(len(GARBAGE))]))

    def send_again(self, chance: Random) -> None:
        """A producer tries once more: something that was sent is sent again."""
        sent = [step for step in self.trace if isinstance(step, Sent)]
        if sent:
            self._put(sent[chance.randrange(len(sent))])

    def play(self, trace: Iterable[Step]) -> None:
        """Live another one's life."""
        for step in trace:
            match step:
                case Sent():
                    self._put(step)
                case Turn(stop, start, sweep, now_ms):
                    self.world.now_ms = now_ms
                    self.turn(stop, start, sweep=sweep)
                case Restart():
                    self.restart()
                case Answered():
                    self.drain()

    def _put(self, sent: Sent) -> None:
        self.trace.append(sent)
        self.lanes[sent.lane].append(sent.naming(partial(cancellation_of, self.world.base)))

    def turn(self, stop: int, start: int, *, sweep: bool) -> None:
        """One transaction: up to so many records of each lane, and what is owed of sweeps."""
        self.trace.append(Turn(stop, start, sweep, self.world.now_ms))
        taken = [*self._take("stop", stop), *self._take("start", start)]
        self._sent = all_errands(self.world.base) if sweep else []
        core = self._decide(self.world.base, taken, sweep=sweep)
        again = self._decide(self.world.base, taken, sweep=sweep)
        restarted = self._decide(self.world.restored(), taken, sweep=sweep)
        made = [entry.to_json() for entry in core.recorder.entries]
        assert made == [entry.to_json() for entry in again.recorder.entries]
        assert made == [entry.to_json() for entry in restarted.recorder.entries]
        assert list(core.owed) == list(again.owed) == list(restarted.owed)
        if self.world.policy.sweep_chunk >= WIDE.sweep_chunk:
            self._check_one_by_one(core, taken, sweep=sweep)
        for asked, _ in taken:
            self.world.took(asked)
        if sweep:
            self.world.owed = {}
        told = self._told_itself()
        self._see(self.world.commit(core))
        self.lanes["stop"].extend(told)

    def _told_itself(self) -> list[Sent]:
        """What is sent to other partitions, where this one is all that there are."""
        if not self._is_alone:
            return []
        base, now_ms = self.world.base, self.world.now_ms
        requests = (errand_request(errand, base, now_ms) for errand in self._sent)
        return [Sent("stop", write_request(each), signed=True) for each in requests if each]

    def _check_one_by_one(
        self, core: Core, taken: list[tuple[Asked, Sent]], *, sweep: bool
    ) -> None:
        """Where transactions begin and end is the shell's affair: nothing comes of it."""
        base = self.world.restored()
        made: list[Entry] = []
        for one in [*([each] for each in taken), []]:
            single = self._decide(base, one, sweep=sweep and not one)
            single.draft.adopt()
            made += single.recorder.entries
        assert sorted(told(made)) == sorted(told(core.recorder.entries))
        batched = self.world.restored()
        again = self._decide(batched, taken, sweep=sweep)
        again.draft.adopt()
        assert outline(base) == outline(batched)

    def _take(self, lane: Lane, most: int) -> list[tuple[Asked, Sent]]:
        taken: list[tuple[Asked, Sent]] = []
        previous: Asked | None = None
        while self.lanes[lane] and len(taken) < most:
            sent = self.lanes[lane].popleft()
            request = read_request(sent.value)
            asked = self.world.asked(request, lane, signed=sent.signed)
            if previous is not None:
                offset = previous.offset + 1
                asked = asked._replace(offset=offset, previous=previous.offset)
                if request.request_id is None:
                    asked = asked._replace(request_id=f"{lane}-0-{offset}")
            taken.append((asked, sent))
            previous = asked
        return taken

    def _decide(self, base: Partition, taken: list[tuple[Asked, Sent]], *, sweep: bool) -> Core:
        core = Core(Draft(base), self.world.policy, 0)
        for asked, sent in taken:
            core.answer(read_request(sent.value), asked)
        if sweep:
            core.record_errands(self._sent, core.draft.at_ms)
            for owed in self.world.owed:
                core.sweep(owed, core.draft.at_ms)
        return core

    def _see(self, entries: list[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.event, FlowForgotten):
                self._check_forgotten(entry)
            self.fold.fold(Entry.from_json(entry.to_json()))

    def _check_forgotten(self, entry: Entry) -> None:
        """Only at its time, or if too many are kept that have ended; never what is open."""
        policy, known = self.world.policy, [flow for flow in self.fold.flows.values() if flow]
        flow = self.fold.flows[entry.stream_id]
        assert flow is not None
        assert flow.finished_ms is not None
        assert flow.parent is None or flow.end_told
        if entry.at_ms >= flow.finished_ms + 1000 * policy.forget_after_seconds:
            return
        assert flow.children == 0
        assert sum(flow.finished_ms is not None for flow in known) > policy.finished_max
        self.made_room = True

    def restart(self) -> None:
        """The service dies and comes back; what was not decided still lies in the lanes."""
        self.trace.append(Restart())
        self.world.restart()

    def drain(self) -> None:
        """Everything that was sent is answered, and nothing is left to sweep."""
        while self._has_work():
            self.turn(4, 4, sweep=True)

    def _has_work(self) -> bool:
        asked = self.lanes["start"] or self.lanes["stop"]
        return bool(asked or self.world.owed or all_errands(self.world.base))

    def check(self) -> None:
        """Live, written and folded state are one."""
        live, written = self.world.base, self.world.restored()
        assert written.flows == live.flows
        assert written.tasks == live.tasks
        assert written.runners == live.runners
        assert written.bulks == live.bulks
        assert written.owned == live.owned
        assert written.tearing_down == live.tearing_down
        assert _sets(written.able) == _sets(live.able)
        assert _orders(written.children) == _orders(live.children)
        # In the same order too: it is the one in which they are swept.
        assert list(written.armed.items()) == list(live.armed.items())
        assert _orders(written.pending) == _orders(live.pending)
        assert _orders(written.held) == _orders(live.held)
        assert written.last_at_ms == live.last_at_ms
        assert written.finished == live.finished == sum(map(gives_way, live.flows.values()))
        assert written.gone == live.gone == sum(map(gives_way, live.runners.values()))
        self._check_fold(live)

    def _check_fold(self, live: Partition) -> None:
        fold = self.fold
        assert {key: flow for key, flow in fold.flows.items() if flow is not None} == live.flows
        assert {key: armed for key, armed in fold.armed.items() if armed} == live.armed
        assert {key: runner for key, runner in fold.runners.items() if runner} == live.runners
        assert {key: bulk for key, bulk in fold.bulks.items() if bulk} == live.bulks
        for flow_run_id, flow in live.flows.items():
            # Equal is not enough: 0 and 0.0 are.
            assert _written(flow) == _written(fold.flows[flow_run_id] or flow)
            folded = {key: task for key, task in fold.tasks.get(flow_run_id, {}).items() if task}
            kept = live.tasks.get(flow_run_id, {})
            # Of a flow run that has ended, some stubs may be dropped already.
            assert (kept.items() <= folded.items()) if _is_over(flow) else (kept == folded)
            for task_run_id, task in kept.items():
                assert _written(task) == _written(folded[task_run_id])


def cancellation_of(base: Partition, flow_run_id: str) -> str | None:
    """The cancellation that is under way in a flow run, or in a task run of it."""
    flow = base.flows.get(flow_run_id)
    if flow is not None and flow.cancellation is not None:
        return flow.cancellation.id
    tasks = base.tasks.get(flow_run_id, {}).values()
    return next((task.cancellation.id for task in tasks if task.cancellation), None)


def outline(base: Partition) -> object:
    """What runs are, without when and by which event they came to be so."""
    return (
        {
            key: (flow.state, flow.version, flow.open, flow.holders, flow.tally, flow.body_end)
            for key, flow in base.flows.items()
        },
        {
            key: {target: (each.asked, each.over) for target, each in flow.teardowns.items()}
            for key, flow in base.flows.items()
        },
        {
            (key, task.task_run_id): (task.state, task.attempt, task.runner_id, task.how, task.held)
            for key, tasks in base.tasks.items()
            for task in tasks.values()
        },
        {key: runner.state for key, runner in base.runners.items()},
        list(base.armed),
        {
            key: (bulk.state, bulk.version, bulk.cursor, bulk.tally)
            for key, bulk in base.bulks.items()
        },
    )


def _is_over(flow: FlowRun) -> bool:
    return flow.end is not None


def _sets(index: dict[str, dict[str, None]]) -> object:
    return {key: set(values) for key, values in index.items() if values}


def _orders(index: dict[str, dict[str, None]] | dict[str, dict[tuple[str, str], None]]) -> object:
    return {key: list(values) for key, values in index.items()}
