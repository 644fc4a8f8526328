"""The stub of a runner that is gone refuses its return for a week, and is dropped then."""

import pytest

from rescind.events.journal import FlowQuarantined
from rescind.events.requests import FlowRegister, RunnerForget
from rescind.statemachine.clocks import runner_clocks
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.policy import Policy
from rescind.statemachine.sweeps import Sweep, SweepKind
from tests.scenario import Step, given, later, restarted, swept, unsigned
from tests.words import (
    A,
    B,
    flow,
    forgets,
    granted,
    leaves,
    lost,
    other_runner,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import NOON_MS, RUN, World

WEEK_MS = 7 * 86_400_000


def clocks(world: World) -> dict[str, int]:
    running = runner_clocks(world.base.runners[A], world.policy)
    return {clock.value: due_ms for clock, due_ms in running.items()}


@pytest.mark.parametrize("gone", [lost(), leaves()], ids=["lost", "left"])
@pytest.mark.parametrize("known", [(runner,), ()], ids=["known", "never seen"])
def test_a_runner_that_is_gone_is_forgotten_after_a_week(
    known: tuple[Step, ...], gone: Step
) -> None:
    over = given(*known, later(60), gone)
    assert clocks(over.world) == {"forget": NOON_MS + 60_000 + WEEK_MS}

    over.when(forgets()).then("runner.forgotten")

    assert over.world.base.runners == {}
    assert over.world.written.open == {}
    assert over.world.restored().runners == {}


def test_a_runner_that_lives_has_no_clock() -> None:
    alive = given(runner)
    assert clocks(alive.world) == {}

    due = RunnerForget(runner_id=A, due_at=NOON_MS + WEEK_MS)
    alive.when(later(8 * 86_400), due).then_refused("stale")


def test_it_is_forgotten_neither_early_nor_by_anybody_nor_twice() -> None:
    gone = given(runner, lost())
    due = RunnerForget(runner_id=A, due_at=NOON_MS + WEEK_MS)

    gone.when(due).then_refused("early")
    gone.when(later(WEEK_MS / 1000), unsigned(due)).then_refused("not_allowed")
    gone.when(due).then("runner.forgotten")
    gone.when(due).then_refused("stale")


def test_until_then_it_is_told_that_it_is_lost_and_after_that_it_is_unknown() -> None:
    gone = given(runner, flow, lost())
    gone.when(later(WEEK_MS / 1000), started).then_refused("runner_lost")

    gone.when(forgets(), started).then_refused("unknown_runner")
    gone.when(runner).then("runner.registered")
    assert gone.world.base.runners[A].version == 1


def test_it_is_not_forgotten_before_all_that_it_held_or_owned_has_ended() -> None:
    quick = Policy(sweep_chunk=1, forget_after_seconds=0)
    few = given(runner, other_runner, flow, with_body, policy=quick)
    few.when(registered("t1", "t2"), granted("t1", "t2", by=B))
    few.when(FlowRegister(flow_run_id="run-2", runner_id=B), lost(B))

    few.when(forgets(B)).then_refused("open_work")
    few.when(swept, forgets(B)).then("runner.forgotten")

    assert few.world.states(["t1", "t2"]) == ["Finished.Failed.Crashed"] * 2
    assert few.world.flow("run-2").state == "Finished.Failed.Crashed"


def test_what_is_in_quarantine_does_not_hold_it_up() -> None:
    closed = given(runner, other_runner, flow, with_body, registered("t1"), granted("t1", by=B))
    core = closed.world.begin()
    core.recorder.derive(RUN, Happened(FlowQuarantined(error="it broke")), "why", NOON_MS)
    closed.world.commit(core)

    closed.when(lost(B), swept, forgets(B)).then("runner.forgotten")
    closed.when(restarted, swept).then()


def test_a_sweep_that_is_still_owed_passes_by_who_goes_by_that_id_then() -> None:
    begun = given(runner, lost(), forgets(), runner, flow, started, registered("t1"), granted("t1"))
    begun.world.owed[Sweep(SweepKind.GONE, "", A, "stop-0-0-0")] = None

    begun.when(swept).then()
