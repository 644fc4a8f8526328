"""Deadlines, waiting for what cannot be stopped, and clocks that come early, late or twice."""

import pytest

from rescind.events.requests import CancellationClock, Clock, FlowCancel
from rescind.events.words import Mode
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, later, restarted, swept, unsigned
from tests.words import (
    B,
    abort,
    acknowledged,
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    other_runner,
    registered,
    runner,
    started,
    strikes,
    with_body,
)
from tests.world import NOON_MS, RUN


def cancelling(*ids: str, policy: Policy | None = None) -> Scenario:
    begun = given(runner, other_runner, flow, with_body, registered(*ids), policy=policy)
    return begun.when(granted(*ids), cancel)


def clock(which: Clock, due_ms: int, task_run_id: str | None = None) -> CancellationClock:
    return CancellationClock(flow_run_id=RUN, clock=which, due_at=due_ms, task_run_id=task_run_id)


def test_a_cancelling_flow_run_has_three_clocks() -> None:
    assert cancelling("t1").world.clocks() == {
        "acknowledge": NOON_MS + 15_000,
        "deadline": NOON_MS + 300_000,
        "wait_seconds_max": NOON_MS + 86_400_000,
    }


@pytest.mark.parametrize("past", [(flow,), (runner, flow, started), (runner, flow, with_body)])
def test_a_flow_run_that_nobody_cancels_has_no_clock(past: tuple[FlowCancel]) -> None:
    assert given(*past).world.clocks() == {}


def test_the_deadline_ends_what_nobody_has_spoken_of_and_what_can_be_stopped() -> None:
    late = cancelling("t1").when(acknowledged("body", "t1"))

    late.when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired",
        "task.cancelled body deadline",
        "task.cancelled t1 deadline",
        "flow.cancelled",
    )
    assert late.world.task("t1").stopped_confirmed is False


def test_the_deadline_ends_also_what_was_never_acknowledged() -> None:
    cancelling("t1").when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired",
        "task.cancelled body deadline",
        "task.cancelled t1 deadline",
        "flow.cancelled",
    )


def test_what_cannot_be_stopped_is_waited_for_beyond_the_deadline() -> None:
    late = cancelling("t1").when(acknowledged("body", cannot_stop=("t1",)))

    late.when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired", "task.cancelled body deadline"
    )
    assert late.world.task("t1").state == "Running"
    late.when(ended("t1")).then("task.succeeded t1", "flow.cancelled")


def test_waiting_ends_too() -> None:
    late = cancelling("t1").when(acknowledged("body", cannot_stop=("t1",)), strikes(Clock.DEADLINE))

    late.when(strikes(Clock.WAIT_SECONDS_MAX)).then(
        "cancellation.clock_fired", "task.cancelled t1 deadline", "flow.cancelled"
    )


def test_under_an_abort_the_deadline_ends_also_what_cannot_be_stopped() -> None:
    late = given(runner, flow, with_body, abort, acknowledged(cannot_stop=("body",)))

    late.when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired", "task.cancelled body deadline", "flow.cancelled"
    )


def test_an_escalation_ends_what_cannot_be_stopped_at_its_own_deadline() -> None:
    late = cancelling("t1").when(acknowledged("body", cannot_stop=("t1",)), abort)

    assert late.world.clocks()["deadline"] == NOON_MS + 30_000
    late.when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired",
        "task.cancelled body deadline",
        "task.cancelled t1 deadline",
        "flow.cancelled",
    )


def test_an_escalation_after_the_deadline_still_ends_what_is_waited_for_soon() -> None:
    late = cancelling("t1").when(acknowledged("body", cannot_stop=("t1",)), strikes(Clock.DEADLINE))
    late.when(abort).then("cancellation.escalated", "cancellation.sent")

    asked_ms = late.world.now_ms
    cancellation = late.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.deadline_ms == asked_ms + 30_000
    assert late.world.clocks()["wait_seconds_max"] == asked_ms + 30_000
    late.when(strikes(Clock.WAIT_SECONDS_MAX)).then(
        "cancellation.clock_fired", "task.cancelled t1 deadline", "flow.cancelled"
    )


def test_an_escalation_bounds_the_waiting_too() -> None:
    late = cancelling("t1").when(abort)

    assert late.world.clocks()["wait_seconds_max"] == NOON_MS + 30_000


def test_the_deadline_is_swept_in_chunks_and_goes_on_after_a_restart() -> None:
    late = cancelling("t1", "t2", "t3", policy=Policy(sweep_chunk=2))

    late.when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired", "task.cancelled body deadline", "task.cancelled t1 deadline"
    )
    late.when(restarted, swept).then(
        "task.cancelled t2 deadline", "task.cancelled t3 deadline", "flow.cancelled"
    )


def test_an_escalation_does_not_hold_up_a_deadline_that_is_being_swept() -> None:
    late = cancelling("t1", "t2", "t3", policy=Policy(sweep_chunk=2))

    late.when(strikes(Clock.DEADLINE), abort, swept).then(
        "task.cancelled t2 deadline", "task.cancelled t3 deadline", "flow.cancelled"
    )


def test_a_report_before_the_clock_in_the_lane_is_judged_before_it() -> None:
    late = cancelling("t1").when(later(400), ended("t1"), body_ended())

    late.then("task.succeeded body", "flow.body_finished", "flow.cancelled")
    late.when(clock(Clock.DEADLINE, NOON_MS + 300_000)).then_refused("stale")


def test_a_clock_before_its_time_is_early_and_says_how_long() -> None:
    early = cancelling("t1").when(clock(Clock.DEADLINE, NOON_MS + 300_000)).then_refused("early")

    assert "300000 ms remain" in early.refusals()[0].message


def test_a_clock_that_was_set_anew_is_stale() -> None:
    cancelling("t1").when(abort, later(400), clock(Clock.DEADLINE, NOON_MS + 300_000)).then_refused(
        "stale"
    )


@pytest.mark.parametrize("which", [Clock.ACKNOWLEDGE, Clock.DEADLINE, Clock.WAIT_SECONDS_MAX])
def test_a_clock_that_struck_is_stale_when_it_comes_again(which: Clock) -> None:
    held = cancelling("t1")
    if which is Clock.DEADLINE:
        held.when(acknowledged("body", cannot_stop=("t1",)))
    due_ms = held.world.clocks()[which]

    held.when(strikes(which), clock(which, due_ms)).then_refused("stale")


@pytest.mark.parametrize("which", list(Clock))
def test_a_clock_of_an_unknown_flow_run_is_stale(which: Clock) -> None:
    given().when(clock(which, NOON_MS)).then_refused("stale")


def test_a_clock_of_an_unknown_task_run_is_stale() -> None:
    cancelling("t1").when(clock(Clock.DEADLINE, NOON_MS, task_run_id="t9")).then_refused("stale")


def test_only_the_service_lets_clocks_strike() -> None:
    late = cancelling("t1").when(later(400))

    late.when(unsigned(clock(Clock.DEADLINE, NOON_MS + 300_000))).then_refused("not_allowed")


def test_clocks_survive_a_restart() -> None:
    late = cancelling("t1")
    before = late.world.clocks()

    assert late.when(restarted).world.clocks() == before


def test_repeats_do_not_move_a_clock() -> None:
    late = cancelling("t1")
    before = late.world.clocks()

    late.when(later(10), FlowCancel(flow_run_id=RUN, deadline_seconds=1))

    assert late.world.clocks() == before


def test_the_acknowledgement_of_one_of_two_runners_leaves_the_clock_running() -> None:
    two = given(runner, other_runner, flow, with_body, registered("t1"), granted("t1", by=B))

    two.when(cancel, acknowledged("body"))
    assert "acknowledge" in two.world.clocks()
    two.when(acknowledged("t1", by=B))
    assert "acknowledge" not in two.world.clocks()


def test_the_clock_names_what_struck_and_the_ends_name_the_clock() -> None:
    late = cancelling("t1").when(strikes(Clock.DEADLINE))

    fired = late.entries[0]
    assert fired.source is not None
    assert [entry.cause for entry in late.entries[1:3]] == [fired.id, fired.id]


def test_an_abort_may_set_its_own_deadline() -> None:
    asking = FlowCancel(flow_run_id=RUN, mode=Mode.ABORT, deadline_seconds=5)

    late = given(runner, flow, with_body, asking)

    assert late.world.clocks()["deadline"] == NOON_MS + 5_000
