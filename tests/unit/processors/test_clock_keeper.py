"""Clocks in memory: in order, struck again with back-off, and forgotten when they are answered."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from rescind.errors import NoTransitionError
from rescind.events.requests import AnyRequest, BulkForget, CancellationClock, Clock, RunnerForget
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.statemachine.policy import Policy
from tests.unit.processors.desk import Desk
from tests.world import NOON_MS

POLICY = Policy(acknowledge_seconds=10, deadline_seconds=20, wait_seconds_max=30)
CANCEL = {"type": "flow.cancel", "flow_run_id": "f"}


class Kept:
    """A partition whose clocks are kept as the pipeline keeps them."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.desk = Desk(policy=policy)
        self.keeper = ClockKeeper(policy)

    def put(self, request: Mapping[str, Any], *, signed: bool = False) -> None:
        batch = self.desk.life.begin()
        batch.take(self.desk.read(request, signed=signed))
        self.desk.commit(batch)
        self.keeper.see(batch.draft)

    def strike(self, seconds: float) -> list[CancellationClock]:
        """What strikes of flow runs and task runs so long after noon."""
        return of_runs(self.keeper.strike(NOON_MS + round(seconds * 1000)))


def of_runs(struck: Iterable[AnyRequest]) -> list[CancellationClock]:
    return [request for request in struck if isinstance(request, CancellationClock)]


def names(struck: list[CancellationClock]) -> list[str]:
    return [request.clock.value for request in struck]


def running(policy: Policy = POLICY) -> Kept:
    kept = Kept(policy)
    kept.desk.begin(tasks=["t1"])
    kept.put(CANCEL)
    return kept


def test_nothing_strikes_before_its_time() -> None:
    kept = running()
    assert kept.keeper.next_due_ms() == NOON_MS + 10_000
    assert kept.strike(9.999) == []
    assert names(kept.strike(10)) == ["acknowledge"]


def test_clocks_strike_in_the_order_in_which_they_are_due() -> None:
    assert names(running().strike(30)) == ["acknowledge", "deadline", "wait_seconds_max"]


def test_a_clock_that_struck_names_its_setting_and_asks_the_same_each_time() -> None:
    kept = running()
    (first,) = kept.strike(10)
    (second,) = kept.strike(11)
    assert first == second
    assert first.due_at == NOON_MS + 10_000
    assert first.flow_run_id == "f"
    assert first.actor is not None
    assert first.actor.kind == "service"


def test_a_clock_without_an_answer_strikes_again_later_and_later() -> None:
    kept = running()
    times = [tenth / 10 for tenth in range(100, 199) if kept.strike(tenth / 10)]
    assert times == [10.0, 11.0, 13.0, 17.0]


def test_a_clock_that_was_answered_is_silent() -> None:
    kept = running()
    (struck,) = kept.strike(10)
    kept.desk.now_ms = NOON_MS + 10_000
    kept.put(struck.model_dump(mode="json", exclude_none=True) | {"type": struck.type}, signed=True)
    # The runners were told again, so that one begins anew.
    assert kept.strike(19.9) == []
    assert names(kept.strike(20)) == ["acknowledge", "deadline"]


def test_clocks_of_a_flow_run_that_has_ended_stop_and_the_last_one_begins() -> None:
    kept = running()
    ends = [{"task_run_id": task, "end": "cancelled"} for task in ("t1", "body")]
    about = {"flow_run_id": "f", "runner_id": "r", "items": ends}
    kept.put({"type": "task.finish", **about})
    assert kept.strike(30) == []
    week = POLICY.forget_after_seconds
    assert names(kept.strike(week)) == [Clock.FORGET.value]


def test_a_clock_of_one_task_run_names_it() -> None:
    kept = Kept()
    kept.desk.begin(tasks=["t1"])
    kept.put({"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1"})
    assert {struck.task_run_id for struck in kept.strike(30)} == {"t1"}
    items = [{"task_run_id": "t1", "end": "cancelled"}]
    kept.put({"type": "task.finish", "flow_run_id": "f", "runner_id": "r", "items": items})
    assert kept.strike(500) == []


@pytest.mark.parametrize(
    "past",
    [
        [CANCEL],
        [{"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1"}],
        [
            {
                "type": "task.finish",
                "flow_run_id": "f",
                "runner_id": "r",
                "items": [{"task_run_id": task, "end": "success"} for task in ("t1", "body")],
            }
        ],
    ],
    ids=["cancelling", "a task run cancelling", "ended"],
)
def test_in_quarantine_no_clock_strikes_any_more(past: list[Mapping[str, Any]]) -> None:
    kept = Kept()
    kept.desk.begin(tasks=["t1"])
    for request in past:
        kept.put(request)
    batch = kept.desk.life.begin()
    batch.quarantine("f", "why", NoTransitionError("f", "Running", "x"))
    kept.desk.commit(batch)
    kept.keeper.see(batch.draft)
    restored = ClockKeeper(POLICY)
    restored.restore(kept.desk.life.base)
    for keeper in (kept.keeper, restored):
        assert keeper.next_due_ms() is None


def test_a_restored_state_has_the_same_clocks() -> None:
    kept = running()
    kept.put({"type": "flow.cancel", "flow_run_id": "unknown"})
    restored = ClockKeeper(POLICY)
    restored.restore(kept.desk.life.base)
    far = NOON_MS + 86_400_000

    def by_place(struck: list[CancellationClock]) -> list[tuple[int, str, str]]:
        return sorted((s.due_at, s.flow_run_id, s.clock.value) for s in struck)

    assert by_place(of_runs(restored.strike(far))) == by_place(of_runs(kept.keeper.strike(far)))


def test_the_clock_of_a_runner_begins_when_it_has_gone_and_ends_when_it_is_forgotten() -> None:
    kept = Kept()
    kept.put({"type": "runner.register", "runner_id": "r"})
    assert kept.keeper.next_due_ms() is None
    kept.put({"type": "runner.leave", "runner_id": "r"})
    restored = ClockKeeper(POLICY)
    restored.restore(kept.desk.life.base)
    kept.desk.now_ms += round(POLICY.forget_after_seconds * 1000)
    assert kept.keeper.strike(kept.desk.now_ms - 1) == []
    (struck,) = kept.keeper.strike(kept.desk.now_ms)
    assert restored.strike(kept.desk.now_ms) == [struck]
    assert isinstance(struck, RunnerForget)
    kept.put(struck.model_dump(mode="json", exclude_none=True) | {"type": struck.type}, signed=True)
    assert kept.desk.life.base.runners == {}
    assert kept.keeper.next_due_ms() is None


def test_the_clock_of_a_bulk_cancellation_runs_as_a_draft_and_when_it_is_over() -> None:
    kept = Kept()
    kept.put({"type": "bulk.create", "bulk_id": "b", "where": {}})
    forgotten_ms = NOON_MS + round(POLICY.forget_after_seconds * 1000)
    assert kept.keeper.next_due_ms() == forgotten_ms
    kept.put({"type": "bulk.count", "bulk_id": "b", "count": 0}, signed=True)
    kept.put({"type": "bulk.start", "bulk_id": "b"})
    assert kept.keeper.next_due_ms() is None
    kept.put({"type": "bulk.stop", "bulk_id": "b"})
    restored = ClockKeeper(POLICY)
    restored.restore(kept.desk.life.base)
    (struck,) = kept.keeper.strike(forgotten_ms)
    assert restored.strike(forgotten_ms) == [struck]
    assert isinstance(struck, BulkForget)
    kept.desk.now_ms = forgotten_ms
    kept.put(struck.model_dump(mode="json", exclude_none=True) | {"type": struck.type}, signed=True)
    assert kept.desk.life.base.bulks == {}
    assert kept.keeper.next_due_ms() is None


def test_no_more_strike_at_once_than_asked_for_and_the_rest_follow() -> None:
    kept = Kept(Policy(armed_seconds=1))
    for number in range(30):
        kept.put({"type": "flow.cancel", "flow_run_id": f"f{number}"})
    first = of_runs(kept.keeper.strike(NOON_MS + 1000, limit=20))
    rest = of_runs(kept.keeper.strike(NOON_MS + 1000, limit=20))
    assert (len(first), len(rest)) == (20, 10)
    assert not {s.flow_run_id for s in first} & {s.flow_run_id for s in rest}
