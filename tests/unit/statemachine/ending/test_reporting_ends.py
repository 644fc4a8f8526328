"""Reports of ends: whose they have to be, which one counts, and what becomes of late ones."""

import pytest

from rescind.events.requests import Clock
from rescind.events.words import End, ErrorInfo, How
from tests.scenario import Scenario, given, swept
from tests.words import (
    A,
    B,
    body_ended,
    cancel,
    ended,
    finished,
    flow,
    granted,
    lost,
    other_runner,
    outside,
    registered,
    runner,
    started,
    stopped,
    strikes,
    torn_down,
    with_body,
    within,
)
from tests.world import NOON_MS


def running(*ids: str) -> Scenario:
    begun = given(runner, other_runner, flow, with_body)
    return begun.when(registered(*ids), granted(*ids)) if ids else begun


@pytest.mark.parametrize(
    "end, state, event",
    [
        (End.SUCCESS, "Finished.Success", "task.succeeded t1"),
        (End.FAILED, "Finished.Failed", "task.failed t1 failed"),
        (End.CRASHED, "Finished.Failed.Crashed", "task.failed t1 crashed"),
        (End.TIMED_OUT, "Finished.Failed.TimedOut", "task.failed t1 timed_out"),
        (End.CANCELLED, "Finished.Cancelled", "task.cancelled t1 by_runner"),
    ],
)
def test_a_task_run_ends_as_its_runner_says(end: End, state: str, event: str) -> None:
    over = running("t1").when(ended("t1", end=end)).then(event)

    assert over.world.task("t1").state == state
    assert over.world.flow().state == "Running"


@pytest.mark.parametrize("how", [How.GRACEFUL, How.FORCED, How.NEVER_STARTED])
def test_a_runner_says_how_it_stopped_an_attempt(how: How) -> None:
    over = running("t1").when(cancel, stopped("t1", how=how))

    over.then(f"task.cancelled t1 {how.value}")


@pytest.mark.parametrize("how", [How.DEADLINE, How.RUNNER_LOST, How.NOT_HELD, How.NOT_RETRIED])
def test_a_runner_cannot_claim_what_only_the_service_can_know(how: How) -> None:
    running("t1").when(cancel, stopped("t1", how=how)).then("task.cancelled t1 graceful")


def test_a_stop_that_nobody_has_seen_is_kept_as_such() -> None:
    over = running("t1").when(cancel, stopped("t1", stopped_confirmed=False))

    assert over.world.task("t1").stopped_confirmed is False


def test_nobody_asked_and_the_task_run_ends_cancelled_and_the_flow_run_goes_on() -> None:
    over = running("t1").when(stopped("t1")).then("task.cancelled t1 by_runner")

    assert over.world.flow().state == "Running"


def test_the_same_end_again_is_a_duplicate_that_names_the_first() -> None:
    over = running("t1").when(ended("t1"))
    first = over.entries[0].id

    over.when(ended("t1")).then_refused("duplicate")

    assert over.refusals()[0].first == first


def test_another_end_afterwards_is_kept_and_changes_nothing() -> None:
    over = running("t1").when(ended("t1"))
    before = over.world.task("t1"), over.world.flow()

    over.when(ended("t1", end=End.FAILED)).then("task.late_report t1")
    over.when(ended("t1", by=B)).then("task.late_report t1")

    assert (over.world.task("t1"), over.world.flow()) == before
    assert over.entries[0].version is None


def test_a_real_end_after_a_deadline_is_kept_as_a_late_report() -> None:
    over = running("t1").when(cancel, strikes(Clock.DEADLINE))

    over.when(ended("t1", result_ref="s3://late")).then("task.late_report t1")
    assert over.world.task("t1").how is How.DEADLINE


def test_after_the_stubs_are_gone_a_report_is_still_kept() -> None:
    over = running("t1").when(ended("t1"), body_ended(), swept)

    over.when(ended("t1")).then("task.late_report t1")
    over.when(ended("t9")).then("task.late_report t9")


def test_a_report_of_an_earlier_attempt_is_late() -> None:
    over = running("t1").when(ended("t1", end=End.FAILED, retry_at=NOON_MS))
    over.when(granted("t1", attempt=2))

    over.when(ended("t1")).then("task.late_report t1")
    assert over.world.task("t1").state == "Running"


def test_a_report_of_an_attempt_to_come_is_refused() -> None:
    running("t1").when(ended("t1", attempt=2)).then_refused("wrong_attempt")
    running().when(registered("t1"), ended("t1", attempt=2)).then_refused("wrong_attempt")


def test_a_report_by_another_runner_is_refused() -> None:
    running("t1").when(ended("t1", by=B)).then_refused("not_owner")


def test_the_attempt_is_looked_at_before_the_owner() -> None:
    running("t1").when(ended("t1", by=B, attempt=2)).then_refused("wrong_attempt")


def test_a_report_of_what_was_never_granted_is_refused() -> None:
    running().when(registered("t1"), ended("t1")).then_refused("no_such_edge")


def test_a_report_of_what_nobody_knows_is_refused() -> None:
    given().when(ended("t1")).then_refused("unknown_run")
    running().when(ended("t1")).then_refused("unknown_task")


@pytest.mark.parametrize(
    "end, state",
    [
        (End.SUCCESS, "Finished.Success"),
        (End.FAILED, "Finished.Failed"),
        (End.CRASHED, "Finished.Failed.Crashed"),
        (End.TIMED_OUT, "Finished.Failed.TimedOut"),
    ],
)
def test_the_end_of_the_body_is_the_end_of_the_flow_run(end: End, state: str) -> None:
    over = running().when(body_ended(end, result_ref="s3://r"))

    assert len(over.entries) == 2
    assert over.world.flow().state == state
    assert all(
        entry.source == over.entries[0].source._replace(nth=nth)  # type: ignore[union-attr]
        for nth, entry in enumerate(over.entries)
    )


def test_a_body_cannot_end_while_other_task_runs_are_open() -> None:
    over = running("t1").when(registered("t2"))

    over.when(body_ended()).then_refused("open_work")
    over.when(ended("t1"), body_ended()).then_refused("open_work")
    over.when(granted("t2"), ended("t2"), body_ended()).then(
        "task.succeeded body", "flow.succeeded"
    )


def test_while_cancelling_a_bodys_end_is_kept_though_others_are_open() -> None:
    over = running("t1").when(cancel, body_ended(result_ref="s3://r"))

    over.then("task.succeeded body", "flow.body_finished")
    assert over.world.flow().state == "Running.Cancelling"
    over.when(ended("t1")).then("task.succeeded t1", "flow.cancelled")
    assert (over.world.flow().body_end, over.world.flow().result_ref) == (End.SUCCESS, "s3://r")


def test_a_body_that_failed_while_cancelling_leaves_its_error() -> None:
    error = ErrorInfo(type="ValueError", message="no")

    over = running().when(cancel, body_ended(End.FAILED, error=error))

    assert (over.world.flow().state, over.world.flow().error) == ("Finished.Cancelled", error)


def test_a_body_is_not_retried() -> None:
    running().when(body_ended(End.FAILED, retry_at=NOON_MS)).then(
        "task.failed body failed", "flow.failed failed"
    )


def test_a_body_that_ends_cancelled_without_a_cancellation_is_refused() -> None:
    running().when(body_ended(End.CANCELLED)).then_refused("deprecated_transition")


def test_the_bodys_end_again_is_a_duplicate() -> None:
    over = running().when(body_ended())

    over.when(body_ended()).then_refused("duplicate")


@pytest.mark.parametrize("past", [(runner, flow, started), (runner, flow, with_body)])
def test_nobody_walks_from_running_to_cancelled_alone(past: tuple[object, ...]) -> None:
    over = given(*past)  # type: ignore[arg-type]
    before = over.world.flow()

    over.when(finished(End.CANCELLED)).then_refused("deprecated_transition")

    assert "flow.cancel" in over.refusals()[0].message
    assert over.world.flow() == before


@pytest.mark.parametrize(
    "end, event, state",
    [
        (End.SUCCESS, "flow.succeeded", "Finished.Success"),
        (End.FAILED, "flow.failed failed", "Finished.Failed"),
        (End.CRASHED, "flow.failed crashed", "Finished.Failed.Crashed"),
        (End.TIMED_OUT, "flow.failed timed_out", "Finished.Failed.TimedOut"),
    ],
)
def test_a_flow_run_without_a_body_ends_by_flow_finish(end: End, event: str, state: str) -> None:
    over = given(runner, flow, started).when(finished(end)).then(event)

    assert over.world.flow().state == state


def test_a_flow_run_with_a_body_does_not_end_by_flow_finish() -> None:
    running().when(finished()).then_refused("no_such_edge")
    running("t1").when(cancel, finished()).then_refused("no_such_edge")


def test_flow_finish_is_refused_while_task_runs_are_open() -> None:
    over = given(runner, flow, started, registered("t1"))

    over.when(finished()).then_refused("open_work")
    over.when(granted("t1"), finished()).then_refused("open_work")
    over.when(ended("t1"), finished()).then("flow.succeeded")


def test_flow_finish_is_the_owners_word() -> None:
    given(runner, other_runner, flow, started).when(finished(by=B)).then_refused("not_owner")
    given(runner, flow).when(finished()).then_refused("not_owner")


def test_a_flow_run_that_was_not_started_has_no_end_to_report() -> None:
    owned = flow.model_copy(update={"runner_id": A})

    given(runner, owned).when(finished()).then_refused("no_such_edge")


def test_flow_finish_while_cancelling_is_kept_and_the_flow_run_stays_cancelling() -> None:
    over = given(runner, flow, started, registered("t1"), granted("t1"), cancel)

    over.when(finished(result_ref="s3://r")).then("flow.body_finished")
    assert over.world.flow().state == "Running.Cancelling"
    over.when(ended("t1")).then("task.succeeded t1", "flow.cancelled")
    assert over.world.flow().result_ref == "s3://r"


def test_flow_finish_again_while_cancelling_is_a_duplicate_and_another_end_is_late() -> None:
    over = given(runner, flow, started, registered("t1"), granted("t1"), cancel)
    over.when(finished(result_ref="s3://r"))
    before, kept = over.world.flow(), over.entries[0].id

    over.when(finished()).then_refused("duplicate")
    assert over.refusals()[0].first == kept
    over.when(finished(End.FAILED)).then("flow.late_report")

    assert over.world.flow() == before


@pytest.mark.parametrize("end", list(End))
def test_an_end_after_the_end_is_kept_and_changes_nothing(end: End) -> None:
    over = given(runner, flow, started, cancel)
    before = over.world.flow()

    over.when(finished(end))

    over.then_refused("duplicate") if end is End.CANCELLED else over.then("flow.late_report")
    assert over.world.flow() == before


def test_the_end_of_the_flow_run_names_the_first_outcome_also_after_later_facts() -> None:
    over = given(runner, within(), outside, flow, started, registered("t"), granted("t", by=B))
    over.when(lost(B), ended("t", by=B), finished())
    ending = over.entries[0].id

    over.when(torn_down()).then("infrastructure.teardown done")
    over.when(finished()).then_refused("duplicate")
    assert over.refusals()[0].first == ending
    over.when(cancel).then_refused("already_finished")
    assert over.refusals()[0].first == ending
