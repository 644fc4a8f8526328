"""What has ended and is too much: the oldest end first, and no more than has to go."""

from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from rescind.events.requests import AnyRequest, CancellationClock, Clock, RunnerForget
from rescind.processors.pipeline import surplus
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.processors.pipeline.surplus import Surplus
from rescind.statemachine.policy import Policy
from tests.unit.processors.desk import Desk
from tests.world import NOON_MS

TWO = Policy(finished_max=2)


class Kept:
    """A partition and its clocks as the pipeline keeps them; each request takes a second."""

    def __init__(self, policy: Policy = TWO) -> None:
        self.policy = policy
        self.desk = Desk(policy=policy)
        self.keeper = ClockKeeper(policy)

    def put(self, request: dict[str, Any], *, signed: bool = False) -> None:
        self.desk.now_ms += 1_000
        batch = self.desk.life.begin()
        batch.take(self.desk.read(request, signed=signed))
        self.desk.commit(batch)
        self.keeper.see(batch.draft)

    def end(self, *flow_run_ids: str) -> None:
        """Flow runs that end in this order."""
        for flow_run_id in flow_run_ids:
            self.put({"type": "flow.register", "flow_run_id": flow_run_id})
            self.put({"type": "flow.cancel", "flow_run_id": flow_run_id})

    def strike(self) -> list[AnyRequest]:
        return list(self.keeper.strike(self.desk.now_ms))

    def answer(self, *struck: AnyRequest) -> None:
        for request in struck:
            said = orjson.loads(request.model_dump_json(exclude_none=True))
            self.put({"type": request.type, **said}, signed=True)

    def restart(self) -> None:
        self.keeper = ClockKeeper(self.policy)
        self.keeper.restore(self.desk.life.base)


def flows_of(struck: Iterable[AnyRequest]) -> list[str]:
    return [each.flow_run_id for each in struck if isinstance(each, CancellationClock)]


def test_nothing_strikes_before_its_time_while_there_are_not_too_many() -> None:
    kept = Kept()
    kept.end("f1", "f2")
    assert kept.strike() == []


@pytest.mark.parametrize("restarts", [False, True], ids=["at once", "after a restart"])
def test_what_ended_first_goes_first_until_there_are_not_too_many(restarts: bool) -> None:
    kept = Kept()
    kept.end("f3", "f1", "f2", "f4")
    if restarts:
        kept.restart()
    assert kept.keeper.next_due_ms() is not None
    struck = kept.strike()
    assert flows_of(struck) == ["f3", "f1"]
    assert kept.strike() == []
    kept.answer(*struck)
    assert list(kept.desk.life.base.flows) == ["f2", "f4"]
    kept.desk.now_ms += 3_600_000
    assert kept.strike() == []


def test_what_was_not_answered_strikes_again() -> None:
    kept = Kept()
    kept.end("f1", "f2", "f3")
    first = kept.strike()
    kept.desk.now_ms += 1_000
    assert kept.strike() == first


def test_what_is_too_much_no_longer_waits_for_its_time() -> None:
    kept = Kept()
    kept.end("f1", "f2", "f3")
    (struck,) = kept.strike()
    # Another one was first, as the clocks of a worker that has lost the partition may be.
    kept.answer(forget(kept, "f2"))
    assert flows_of([struck]) == ["f1"]
    assert list(kept.desk.life.base.flows) == ["f1", "f3"]
    for _ in range(100):
        kept.desk.now_ms += 60_000
        assert kept.strike() == []
    # And if there are too many again, it is the first that goes.
    kept.end("f4")
    assert flows_of(kept.strike()) == ["f1"]


def test_it_strikes_at_its_time_all_the_same() -> None:
    kept = Kept()
    kept.end("f1", "f2", "f3")
    kept.strike()
    kept.answer(forget(kept, "f2"))
    assert kept.strike() == []
    kept.desk.now_ms = _due_ms(kept, "f1")
    assert flows_of(kept.strike()) == ["f1"]


def test_what_ends_running_work_does_not_wait_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "AT_ONCE_MAX", 3)
    kept = Kept(Policy(finished_max=1))
    kept.desk.begin("running")
    kept.put({"type": "flow.cancel", "flow_run_id": "running", "deadline_seconds": 1})
    for number in range(10):
        kept.end(f"f{number}")
    kept.restart()
    kept.desk.now_ms += 60_000
    struck = kept.keeper.strike(kept.desk.now_ms, limit=5)
    assert "running" in flows_of(struck)
    assert flows_of(struck)[-3:] == ["f0", "f1", "f2"]


def test_however_many_there_are_all_that_is_too_much_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "AT_ONCE_MAX", 3)
    kept = Kept()
    kept.end(*(f"f{number}" for number in range(12)))
    while struck := kept.strike():
        assert len(struck) <= 3
        kept.answer(*struck)
    assert list(kept.desk.life.base.flows) == ["f10", "f11"]


def test_gone_runners_are_counted_by_themselves() -> None:
    kept = Kept()
    kept.end("f1", "f2")
    for runner_id in ("r2", "r1", "r3"):
        kept.put({"type": "runner.leave", "runner_id": runner_id})
    (struck,) = kept.strike()
    assert isinstance(struck, RunnerForget)
    assert struck.runner_id == "r2"
    kept.answer(struck)
    assert list(kept.desk.life.base.runners) == ["r1", "r3"]
    assert kept.strike() == []


def test_one_whose_clock_stops_is_not_counted() -> None:
    ended = Surplus[str](1)
    ended.put("a", 1)
    ended.put("b", 2)
    ended.put("a", None)
    assert list(ended.set_forward()) == []
    ended.put("a", 3)
    assert list(ended.set_forward()) == [("b", 2)]


def forget(kept: Kept, flow_run_id: str) -> CancellationClock:
    due_ms = _due_ms(kept, flow_run_id)
    return CancellationClock(flow_run_id=flow_run_id, clock=Clock.FORGET, due_at=due_ms)


def _due_ms(kept: Kept, flow_run_id: str) -> int:
    finished_ms = kept.desk.life.base.flows[flow_run_id].finished_ms
    assert finished_ms is not None
    assert finished_ms > NOON_MS
    return finished_ms + round(kept.policy.forget_after_seconds * 1000)
