"""A parent in one partition and its child in another, in whatever order things arrive.

Two worlds, the road between them, and a runner that keeps the order of the SDK: the child is
registered in its parent's stream, granted there, and only then registered in its own. What is
under way is delivered when chance says so; each stream's two lanes are in order by themselves.
Errands may be sent twice, and either partition may restart in between.
"""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final

from rescind.events.journal import Entry, RequestRefused, TaskStarted
from rescind.events.requests import (
    AnyRequest,
    FlowCancel,
    FlowRegister,
    FlowStart,
    Lane,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStart,
    TaskToStart,
)
from rescind.events.words import CascadePolicy, End, How, ParentLink
from rescind.statemachine.families import Errand, all_errands, errand_request
from tests.words import CHILD, A, flow, lost, runner, with_body
from tests.world import RUN, World

__all__ = ["Family"]

LINE: Final = "t"
LANES: Final[tuple[Lane, ...]] = ("stop", "start")


class Side:
    """One partition: its state, its lanes, and what it has told the other one."""

    def __init__(self) -> None:
        self.world = World()
        self.lanes: dict[Lane, deque[AnyRequest]] = {"start": deque(), "stop": deque()}
        self.sent: dict[Errand, None] = {}

    def put(self, request: AnyRequest) -> None:
        """It lies in its lane, and waits for its turn."""
        self.lanes[request.lane].append(request)

    def take(self, chance: Random) -> list[Entry]:
        """The next record of a lane; mostly of the stop lane, if that has any."""
        filled: list[Lane] = [lane for lane in LANES if self.lanes[lane]]
        if not filled:
            return []
        lane: Lane = filled[0] if chance.random() < 0.7 else filled[-1]
        return self.world.ask(self.lanes[lane].popleft())

    def send(self, chance: Random) -> Iterator[AnyRequest]:
        """What is owed goes on its way; what the broker has is recorded, mostly."""
        base = self.world.base
        for errand in all_errands(base):
            if errand not in self.sent or chance.random() < 0.2:
                self.sent[errand] = None
                request = errand_request(errand, base, self.world.now_ms)
                assert request is not None
                yield request
        if chance.random() < 0.7:
            core = self.world.begin()
            core.record_errands(self.sent, core.draft.at_ms)
            self.world.commit(core)
            self.sent.clear()

    def restart(self) -> None:
        """What was sent and not recorded is sent again."""
        self.world.restart()
        self.sent.clear()


class Family:
    """A running parent, a runner that wants to begin a child of it, and somebody who cancels.

    Attributes:
        began: whether the child's own stream has ever begun it.

    """

    def __init__(self, seed: int, cascade: CascadePolicy = CascadePolicy.WAIT) -> None:
        self.chance = Random(seed)
        self.cascade = cascade
        self.parent, self.child = Side(), Side()
        for request in (runner, flow, with_body):
            self.parent.world.ask(request)
        self.child.world.ask(runner)
        self.began = False
        self._is_alive = True

    def starts_the_child(self) -> None:
        """The runner asks for it, in its parent's stream first."""
        spec = TaskSpec(
            task_run_id=LINE, kind="child", child_flow_run_id=CHILD, cascade=self.cascade
        )
        self.parent.put(TaskRegister(flow_run_id=RUN, runner_id=A, items=(spec,)))
        item = TaskToStart(task_run_id=LINE)
        self.parent.put(TaskStart(flow_run_id=RUN, runner_id=A, items=(item,)))

    def cancels_the_parent(self) -> None:
        self.parent.put(FlowCancel(flow_run_id=RUN, request_id="cancel-1"))

    def loses_the_runner(self) -> None:
        """In both partitions; what it has sent is still on its way."""
        self._is_alive = False
        self.parent.put(lost())
        self.child.put(lost())

    def goes_on(self) -> None:
        """Something that is under way arrives, or a partition restarts."""
        here, there = self.parent, self.child
        if self.chance.random() < 0.5:
            here, there = there, here
        what = self.chance.random()
        if what < 0.6:
            for entry in here.take(self.chance):
                self._runner_reads(entry)
        elif what < 0.9:
            for request in here.send(self.chance):
                there.put(request)
        elif what < 0.95:
            here.restart()
        else:
            here.world.sweep_all()

    def comes_to_rest(self) -> None:
        """Until nothing is under way any more; whoever is told to stop does."""
        for _ in range(2_000):
            self.goes_on()
            self._runner_stops()
            if not any(self._is_busy(side) for side in (self.parent, self.child)):
                return
        raise AssertionError("expected the family to come to rest, but something goes on for ever")

    def _is_busy(self, side: Side) -> bool:
        return bool(side.lanes["start"] or side.lanes["stop"] or all_errands(side.world.base))

    def _runner_reads(self, entry: Entry) -> None:
        """A grant: the child may be registered, and is. A refusal: it is given back."""
        if not self._is_alive:
            return
        if isinstance(entry.event, TaskStarted) and entry.task_run_id == LINE:
            link = ParentLink(flow_run_id=RUN, task_run_id=LINE)
            self.child.put(FlowRegister(flow_run_id=CHILD, runner_id=A, parent=link))
            self.child.put(FlowStart(flow_run_id=CHILD, runner_id=A, body=with_body.body))
        elif isinstance(entry.event, TaskStarted) and entry.stream_id == CHILD:
            self.began = True
        elif isinstance(entry.event, RequestRefused) and (
            (entry.stream_id, entry.event.request_type) == (CHILD, "flow.register")
        ):
            self._end(self.parent, RUN, LINE, how=How.NEVER_STARTED)

    def _runner_stops(self) -> None:
        """Whatever is cancelling and held ends, as its runner reports it."""
        for side, run in ((self.parent, RUN), (self.child, CHILD)):
            known = side.world.base.flows.get(run)
            body = side.world.base.tasks.get(run, {}).get("body")
            if known is None or body is None or body.end is not None or side.lanes["stop"]:
                continue
            if known.state == "Running.Cancelling" and self._is_alive:
                self._end(side, run, "body", how=How.GRACEFUL)

    def _end(self, side: Side, run: str, task_run_id: str, how: How) -> None:
        item = {"task_run_id": task_run_id, "end": End.CANCELLED, "how": how}
        words = {"flow_run_id": run, "runner_id": A, "items": (item,)}
        side.put(TaskFinish.model_validate(words))
