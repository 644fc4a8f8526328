"""What `flow.cancel` does to a flow run, and to each piece of it."""

import pytest

from rescind.events.requests import FlowCancel, FlowRegister
from rescind.events.words import End
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, later, swept, unsigned
from tests.words import (
    STRANGER,
    A,
    B,
    abort,
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    other_runner,
    out_of_time,
    registered,
    runner,
    started,
    stopped,
    with_body,
)
from tests.world import NOON_MS, RUN

SECONDS = 1_000


def running(*ids: str) -> Scenario:
    """A flow run with a body, and these task runs granted to its runner."""
    begun = given(runner, flow, with_body)
    return begun.when(registered(*ids), granted(*ids)) if ids else begun


def test_running_work_makes_it_cancelling_and_its_runner_is_told() -> None:
    asked = running("t1").when(cancel).then("flow.cancelling", "cancellation.sent")

    assert asked.world.flow().state == "Running.Cancelling"
    assert asked.world.states(["body", "t1"]) == ["Running", "Running"]


def test_what_was_not_started_never_starts() -> None:
    running("t1").when(registered("t2", "t3"), cancel).then(
        "flow.cancelling",
        "cancellation.sent",
        "task.cancelled t2 never_started",
        "task.cancelled t3 never_started",
    )


def test_what_waits_for_a_retry_gets_no_further_attempt() -> None:
    failed = ended("t1", end=End.FAILED, retry_at=NOON_MS)

    running("t1", "t2").when(failed, cancel).then(
        "flow.cancelling", "cancellation.sent", "task.cancelled t1 not_retried"
    )


def test_what_has_finished_is_untouched() -> None:
    asked = running("t1", "t2").when(ended("t1"), cancel)

    assert asked.world.task("t1").state == "Finished.Success"


def test_a_registration_while_cancelling_is_born_cancelled() -> None:
    running("t1").when(cancel, registered("t2")).then(
        "task.registered t2", "task.cancelled t2 never_started"
    )


def test_a_registration_after_the_end_is_refused() -> None:
    given(runner, flow, started, cancel).when(registered("t1")).then_refused("already_finished")


def test_a_start_while_cancelling_is_refused_and_names_the_cancellation() -> None:
    asked = running("t1").when(cancel, granted("t1")).then_refused("cancelling")

    cancellation = asked.world.flow().cancellation
    assert cancellation is not None
    assert asked.refusals()[0].first == cancellation.id


def test_a_flow_run_that_was_not_started_is_cancelled_alone() -> None:
    asked = given(flow).when(cancel).then("flow.cancelled")

    assert asked.world.flow().started_ms is None


def test_a_flow_run_that_was_not_started_is_cancelled_with_its_task_runs() -> None:
    given(flow, registered("t1", "t2")).when(cancel).then(
        "task.cancelled t1 never_started", "task.cancelled t2 never_started", "flow.cancelled"
    )


def test_a_running_flow_run_without_task_runs_is_cancelled_at_once() -> None:
    given(runner, flow, started).when(cancel).then("flow.cancelling", "flow.cancelled")


def test_with_nothing_running_it_is_cancelled_at_once_and_no_runner_is_involved() -> None:
    retrying = ended("t1", end=End.FAILED, retry_at=NOON_MS)

    given(runner, flow, started, registered("t1", "t2"), granted("t1"), retrying).when(cancel).then(
        "flow.cancelling",
        "task.cancelled t2 never_started",
        "task.cancelled t1 not_retried",
        "flow.cancelled",
    )


def test_from_pending_with_more_than_a_chunk_it_is_cancelling_until_all_are_swept() -> None:
    waiting = given(flow, registered("t1", "t2", "t3"), policy=Policy(sweep_chunk=2))

    waiting.when(cancel).then(
        "flow.cancelling", "task.cancelled t1 never_started", "task.cancelled t2 never_started"
    ).when(swept).then("task.cancelled t3 never_started", "flow.cancelled")


def test_the_runner_that_drives_a_flow_run_is_told_when_others_hold_its_work() -> None:
    asked = given(runner, other_runner, flow, started, registered("t1"), granted("t1", by=B))

    asked.when(cancel)

    cancellation = asked.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.told == (A, B)


def test_each_runner_that_holds_a_piece_is_told_once_and_no_other() -> None:
    asked = given(runner, other_runner, flow, with_body, registered("t1", "t2", "t3"))
    asked.when(granted("t1", "t2", by=B), cancel)

    cancellation = asked.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.told == (A, B)


def test_a_second_cancel_is_refused_and_names_the_first() -> None:
    asked = running("t1").when(cancel)
    agreed = asked.world.flow()

    asked.when(later(5), FlowCancel(flow_run_id=RUN, grace_seconds=1, deadline_seconds=1))

    asked.then_refused("already_cancelling")
    assert agreed.cancellation is not None
    assert asked.refusals()[0].first == agreed.cancellation.id
    assert asked.world.flow() == agreed


def test_the_same_cancel_again_is_a_duplicate_that_names_its_outcome() -> None:
    asked = running("t1").when(cancel)
    cancelling = asked.entries[0]

    asked.when(cancel).then_refused("duplicate")

    assert asked.refusals()[0].first == cancelling.id


@pytest.mark.parametrize("past", [(flow,), (runner, flow, started)])
def test_the_same_cancel_again_after_the_end_is_still_a_duplicate(
    past: tuple[FlowRegister],
) -> None:
    asked = given(*past).when(cancel)
    first = asked.entries[0]

    asked.when(cancel).then_refused("duplicate")

    assert asked.refusals()[0].first == first.id


@pytest.mark.parametrize("end", [End.SUCCESS, End.FAILED, End.CRASHED, End.TIMED_OUT])
@pytest.mark.parametrize("asking", [cancel, abort])
def test_what_ended_before_stands_and_the_cancel_is_refused(end: End, asking: FlowCancel) -> None:
    over = given(runner, flow, with_body, body_ended(end))
    state = over.world.flow()

    over.when(asking).then_refused("already_finished")

    assert over.world.flow() == state
    assert over.refusals()[0].first == state.event_id


def test_another_cancel_after_a_cancelled_end_is_already_finished() -> None:
    given(runner, flow, started, cancel).when(FlowCancel(flow_run_id=RUN)).then_refused(
        "already_finished"
    )


def test_without_unsigned_cancels_only_a_signed_one_counts() -> None:
    strict = Policy(accept_unsigned_cancels=False)

    given(flow, policy=strict).when(unsigned(cancel)).then_refused("not_allowed")
    signed = given(flow, policy=strict)
    signed.entries = signed.world.ask(cancel, signed=True)
    signed.then("flow.cancelled")


def test_body_and_task_runs_keep_their_real_ends_and_the_flow_run_is_cancelled() -> None:
    asked = running("t1", "t2").when(cancel)

    asked.when(ended("t1"), ended("t2", end=End.FAILED))
    asked.when(body_ended(result_ref="s3://kept")).then(
        "task.succeeded body", "flow.body_finished", "flow.cancelled"
    )

    over = asked.world.flow()
    assert (over.state, over.body_end, over.result_ref) == (
        "Finished.Cancelled",
        End.SUCCESS,
        "s3://kept",
    )
    assert asked.world.states(["t1", "t2", "body"]) == [
        "Finished.Success",
        "Finished.Failed",
        "Finished.Success",
    ]


def test_a_body_stopped_by_the_cancel_ends_the_flow_run() -> None:
    running().when(cancel, stopped("body")).then("task.cancelled body graceful", "flow.cancelled")


def test_a_time_limit_of_its_own_runner_stops_everything_and_it_has_timed_out() -> None:
    asked = running("t1").when(registered("t2"), out_of_time)
    asked.then("flow.cancelling", "cancellation.sent", "task.cancelled t2 never_started")

    asked.when(stopped("t1")).when(stopped("body")).then(
        "task.cancelled body graceful", "flow.failed timed_out"
    )
    assert asked.world.flow().state == "Finished.Failed.TimedOut"


@pytest.mark.parametrize("runner_id", [B, STRANGER, None])
def test_nobody_else_says_that_a_flow_run_is_out_of_time(runner_id: str | None) -> None:
    asked = running("t1").when(other_runner)

    asked.when(out_of_time.model_copy(update={"runner_id": runner_id})).then_refused("not_owner")
    given().when(out_of_time).then_refused("unknown_run")


def test_a_flow_run_that_was_not_started_has_no_time_limit() -> None:
    owned = FlowRegister(flow_run_id=RUN, runner_id=A)

    given(runner, owned).when(out_of_time).then_refused("no_such_edge")


def test_a_cancel_before_the_time_limit_stands_and_one_after_it_changes_nothing() -> None:
    running("t1").when(cancel, out_of_time).then_refused("already_cancelling")
    running("t1").when(out_of_time, cancel).then_refused("already_cancelling")
