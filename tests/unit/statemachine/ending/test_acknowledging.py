"""What a runner's acknowledgement means for what it holds, and for what it does not."""

from rescind.events.requests import CancellationAcknowledge, Clock, HeldAttempt
from rescind.events.words import End, How
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, later, restarted, swept
from tests.words import (
    STRANGER,
    A,
    B,
    abort,
    acknowledged,
    cancel,
    ended,
    flow,
    granted,
    lost,
    other_runner,
    registered,
    runner,
    stopped,
    strikes,
    with_body,
)
from tests.world import RUN


def cancelling(*ids: str, policy: Policy | None = None) -> Scenario:
    begun = given(runner, other_runner, flow, with_body, registered(*ids), policy=policy)
    return begun.when(granted(*ids), cancel)


def test_what_the_runner_names_is_held_and_can_be_stopped_or_not() -> None:
    told = cancelling("t1", "t2").when(acknowledged("body", "t1", cannot_stop=("t2",)))

    told.then("cancellation.acknowledged")
    assert [told.world.task(name).held for name in ("body", "t1", "t2")] == [True, True, False]


def test_what_the_runner_does_not_name_is_not_held_and_ends_at_once() -> None:
    told = cancelling("t1", "t2").when(acknowledged("body", "t1"))

    told.then("cancellation.acknowledged", "task.cancelled t2 not_held")
    assert told.world.task("t2").stopped_confirmed is False
    assert told.world.task("t2").how is How.NOT_HELD


def test_a_runner_that_holds_nothing_lets_the_flow_run_end() -> None:
    cancelling("t1").when(acknowledged()).then(
        "cancellation.acknowledged",
        "task.cancelled body not_held",
        "task.cancelled t1 not_held",
        "flow.cancelled",
    )


def test_only_after_the_last_chunk_what_is_not_named_is_not_held() -> None:
    told = cancelling("t1", "t2")

    told.when(acknowledged("body", last=False)).then("cancellation.acknowledged")
    told.when(acknowledged("t1", chunk=1)).then(
        "cancellation.acknowledged", "task.cancelled t2 not_held"
    )


def test_not_held_is_swept_in_chunks_and_goes_on_after_a_restart() -> None:
    told = cancelling("t1", "t2", "t3", policy=Policy(sweep_chunk=2))

    told.when(acknowledged("body")).then(
        "cancellation.acknowledged", "task.cancelled t1 not_held", "task.cancelled t2 not_held"
    )
    told.when(restarted, swept).then("task.cancelled t3 not_held")


def test_what_another_runner_holds_is_not_judged_by_this_ones_word() -> None:
    told = given(runner, other_runner, flow, with_body, registered("t1"), granted("t1", by=B))

    told.when(cancel, acknowledged("body")).then("cancellation.acknowledged")
    told.when(acknowledged(by=B)).then("cancellation.acknowledged", "task.cancelled t1 not_held")


def test_a_runner_cannot_speak_for_what_another_holds() -> None:
    told = given(runner, other_runner, flow, with_body, registered("t1"), granted("t1", by=B))

    told.when(cancel, acknowledged("body", cannot_stop=("t1",)))

    assert told.world.task("t1").held is None


def test_an_attempt_that_is_not_the_current_one_is_not_thereby_held() -> None:
    told = cancelling("t1")
    cancellation = told.world.flow().cancellation
    assert cancellation is not None
    held = (HeldAttempt(task_run_id="body"), HeldAttempt(task_run_id="t1", attempt=2))

    told.when(
        CancellationAcknowledge(
            flow_run_id=RUN, runner_id=A, cancellation_id=cancellation.id, held=held
        )
    ).then("cancellation.acknowledged", "task.cancelled t1 not_held")


def test_a_second_acknowledgement_is_a_duplicate() -> None:
    told = cancelling("t1")
    cancellation = told.world.flow().cancellation
    assert cancellation is not None

    told.when(acknowledged("body", "t1"), acknowledged("body")).then_refused("duplicate")

    assert told.refusals()[0].first == cancellation.event_id


def test_after_an_escalation_it_is_acknowledged_anew() -> None:
    told = cancelling("t1").when(acknowledged("body", "t1"), abort)

    told.when(acknowledged("body", "t1")).then("cancellation.acknowledged")


def test_an_acknowledgement_of_another_cancellation_is_stale() -> None:
    said = CancellationAcknowledge(flow_run_id=RUN, runner_id=A, cancellation_id="stop-0-99-0")

    cancelling("t1").when(said).then_refused("stale")
    given(runner, flow, with_body).when(said).then_refused("stale")


def test_an_acknowledgement_after_the_end_is_refused() -> None:
    told = given(runner, flow, with_body, cancel)
    cancellation = told.world.flow().cancellation
    assert cancellation is not None
    said = CancellationAcknowledge(flow_run_id=RUN, runner_id=A, cancellation_id=cancellation.id)

    told.when(stopped("body"), said).then_refused("already_finished")


def test_a_runner_that_is_not_registered_or_was_lost_cannot_acknowledge() -> None:
    told = given(runner, other_runner, flow, with_body, cancel)

    told.when(acknowledged(by=STRANGER)).then_refused("unknown_runner")
    told.when(lost(B), acknowledged(by=B)).then_refused("runner_lost")


def test_who_has_not_acknowledged_is_told_again_after_a_while() -> None:
    told = cancelling("t1")

    told.when(strikes(Clock.ACKNOWLEDGE)).then("cancellation.clock_fired", "cancellation.sent")
    told.when(strikes(Clock.ACKNOWLEDGE)).then("cancellation.clock_fired", "cancellation.sent")
    told.when(acknowledged("body", "t1"))

    assert "acknowledge" not in told.world.clocks()


def test_only_who_has_not_acknowledged_is_told_again() -> None:
    told = given(runner, other_runner, flow, with_body, registered("t1"), granted("t1", by=B))

    told.when(cancel, acknowledged("body"), strikes(Clock.ACKNOWLEDGE))

    sent = told.entries[-1].event
    assert sent.type == "cancellation.sent.v1"
    assert sent.runner_ids == (B,)


def test_a_report_that_lay_in_the_lane_before_the_acknowledgement_stands() -> None:
    told = cancelling("t1", "t2").when(later(1), ended("t1"), acknowledged("body", "t2"))

    told.then("cancellation.acknowledged")
    assert told.world.task("t1").end is End.SUCCESS
