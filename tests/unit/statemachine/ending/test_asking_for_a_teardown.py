"""Of whom the end of infrastructure is asked, how often, and whose word counts."""

import pytest

from rescind.events.requests import Clock, RunnerRegister
from rescind.events.words import Handle
from tests.scenario import given, later
from tests.unit.statemachine.ending.teardowns import (
    ABLE,
    ANOTHER,
    ELSEWHERE,
    able,
    running,
    teardown_in,
)
from tests.words import (
    HANDLE,
    A,
    B,
    C,
    body_ended,
    cancel,
    flow,
    granted,
    lost,
    outside,
    registered,
    runner,
    strikes,
    torn_down,
    with_body,
    within,
)
from tests.world import NOON_MS


def test_it_is_asked_again_later_and_later_until_it_is_done() -> None:
    story = running(outside).when(lost(B))
    waits = list[int]()
    for _ in range(4):
        waits.append(story.world.clocks()["teardown"] - story.world.now_ms)
        story.when(strikes(Clock.TEARDOWN)).then("infrastructure.teardown asked")

    assert waits == [15_000, 30_000, 60_000, 120_000]


def test_a_teardown_that_failed_is_asked_for_again() -> None:
    story = running(outside).when(lost(B), torn_down("failed", code="forbidden"))

    story.then("infrastructure.teardown failed")
    story.when(strikes(Clock.TEARDOWN)).then("infrastructure.teardown asked")


def test_those_who_can_are_asked_in_turn() -> None:
    story = running(able("o1"), able("o2"), able("o3", "engine:y"), RunnerRegister(runner_id="o4"))
    story.when(lost(B))
    asked = [teardown_in(story).runner_id]
    for _ in range(2):
        story.when(strikes(Clock.TEARDOWN))
        asked.append(teardown_in(story).runner_id)

    assert asked == ["o1", "o2", "o1"]


def test_nobody_is_asked_to_end_itself() -> None:
    alone = within().model_copy(update={"scope": HANDLE.scope, "capabilities": ABLE})
    story = given(runner, alone, flow, with_body, registered("t1"), granted("t1", by=B))

    story.when(cancel, body_ended(), strikes(Clock.DEADLINE))

    assert teardown_in(story).runner_id is None


@pytest.mark.parametrize(
    "others", [(), (able("o3", "engine:y"),), (RunnerRegister(runner_id="o4", scope=HANDLE.scope),)]
)
def test_where_nobody_can_the_event_says_so(others: tuple[RunnerRegister, ...]) -> None:
    story = running(*others).when(lost(B)).then("runner.lost", "infrastructure.teardown asked")

    assert teardown_in(story).runner_id is None
    assert HANDLE.scope in teardown_in(story).message


def test_a_runner_that_comes_is_asked_at_once_for_what_nobody_was_there_for() -> None:
    story = running().when(lost(B), outside)

    story.then("runner.registered", "infrastructure.teardown asked")
    assert teardown_in(story).runner_id == C
    assert teardown_in(story).until == NOON_MS + 300_000
    story.when(outside).then("runner.registered")
    story.when(able("o2")).then("runner.registered")


def test_one_that_comes_after_the_one_that_was_asked_is_gone_is_asked_at_once() -> None:
    story = running(able("o1")).when(lost(B), lost("o1"), outside)

    story.then("runner.registered", "infrastructure.teardown asked")


def test_one_that_cannot_is_asked_nothing() -> None:
    running().when(lost(B), RunnerRegister(runner_id="o4", scope=HANDLE.scope)).then(
        "runner.registered"
    )


def test_only_what_was_ordered_is_reported() -> None:
    running(outside).when(torn_down()).then_refused("no_such_edge")
    running(outside).when(cancel, torn_down()).then_refused("no_such_edge")
    running(outside).when(lost(B), torn_down(of=A)).then_refused("no_such_edge")
    given(outside).when(torn_down()).then_refused("unknown_run")


def test_only_whoever_reaches_that_scope_can_say_that_it_is_gone() -> None:
    story = running(outside, able("o3", "engine:y")).when(lost(B))

    story.when(torn_down(by="o3")).then_refused("not_owner")
    story.when(torn_down(by=A)).then_refused("not_owner")
    story.when(torn_down(by="nobody")).then_refused("unknown_runner")
    assert story.world.states(["t1", "t2"]) == ["Running", "Running"]
    # A runner of that scope is believed though it was not the one that was asked.
    story.when(RunnerRegister(runner_id="o4", scope=HANDLE.scope), torn_down(by="o4"))
    assert story.world.states(["t1", "t2"]) == ["Finished.Failed.Crashed"] * 2


@pytest.mark.parametrize("handle", [ELSEWHERE, ANOTHER])
def test_that_something_else_is_gone_says_nothing(handle: Handle) -> None:
    there = able("o3", "engine:y")
    story = running(outside, there).when(lost(B))

    by = "o3" if handle is ELSEWHERE else C
    story.when(torn_down(handle=handle, code="not_found", by=by)).then_refused("not_owner")
    story.when(torn_down(code="not_found"))
    assert story.world.states(["t1", "t2"]) == ["Finished.Failed.Crashed"] * 2


def test_a_runner_that_is_gone_says_nothing() -> None:
    running(outside).when(lost(B), lost(C), torn_down()).then_refused("runner_lost")
    running(outside).when(lost(B), torn_down(by=B)).then_refused("runner_lost")


def test_nobody_says_it_of_itself() -> None:
    alone = within().model_copy(update={"scope": HANDLE.scope})
    story = given(runner, alone, flow, with_body, registered("t1"), granted("t1", by=B))

    story.when(cancel, body_ended(), strikes(Clock.DEADLINE))

    story.when(torn_down(by=B)).then_refused("not_owner")


def test_what_is_done_is_done() -> None:
    story = running(outside).when(lost(B), torn_down())
    done = story.entries[0].id

    story.when(torn_down()).then_refused("duplicate")
    assert story.refusals()[0].first == done
    story.when(torn_down("failed")).then_refused("duplicate")


def test_what_comes_too_late_is_kept_and_changes_no_end() -> None:
    story = running(outside).when(lost(B), later(300), strikes(Clock.TEARDOWN))
    ended_before = story.world.task("t1")

    story.when(torn_down("failed"), torn_down()).then("infrastructure.teardown done")
    assert story.world.task("t1") == ended_before
