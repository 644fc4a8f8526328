"""Registering and starting: the gate through which all work has to go."""

from rescind.events.requests import BodySpec, FlowRegister, FlowStart, RunnerRegister
from rescind.events.words import Clocks, End
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given
from tests.words import (
    STRANGER,
    A,
    B,
    body_ended,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    leaves,
    lost,
    other_runner,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import NOON_MS, RUN


def running(*ids: str) -> Scenario:
    begun = given(runner, other_runner, flow, with_body)
    return begun.when(registered(*ids), granted(*ids)) if ids else begun


def test_a_flow_run_is_registered_pending_with_what_was_said_of_it() -> None:
    said = FlowRegister(
        flow_run_id=RUN,
        name="nightly",
        namespace="etl",
        labels={"team": "a"},
        rerun_of="run-0",
        clocks=Clocks(grace_seconds=1),
    )

    known = given().when(said).then("flow.registered").world.flow()

    assert (known.state, known.name, known.namespace) == ("Pending", "nightly", "etl")
    assert (known.labels, known.rerun_of) == ({"team": "a"}, "run-0")
    assert known.clocks.grace_seconds == 1


def test_a_known_id_is_a_duplicate_and_one_that_ended_is_finished() -> None:
    first = given().when(flow)
    registered_id = first.entries[0].id

    first.when(flow).then_refused("duplicate")
    assert first.refusals()[0].first == registered_id
    over = given(runner, flow, with_body, body_ended())
    end = over.entries[1].id
    over.when(flow).then_refused("already_finished")
    assert over.refusals()[0].first == end


def test_an_owner_has_to_be_registered_first() -> None:
    owned = FlowRegister(flow_run_id=RUN, runner_id=A)

    given().when(owned).then_refused("unknown_runner")
    given(runner, lost()).when(owned).then_refused("runner_lost")
    given(runner).when(owned).then("flow.registered")


def test_a_start_makes_the_flow_run_its_runners() -> None:
    begun = given(runner, flow).when(started).then("flow.started")

    assert (begun.world.flow().state, begun.world.flow().runner_id) == ("Running", A)


def test_a_start_with_a_body_grants_the_body_in_the_same_step() -> None:
    begun = given(runner, flow).when(with_body)

    begun.then("flow.started", "task.registered body", "task.started body")
    assert begun.world.task("body").kind == "body"


def test_a_start_of_a_flow_run_that_nobody_knows_is_refused() -> None:
    given(runner).when(started).then_refused("unknown_run")


def test_only_a_living_runner_that_is_registered_here_may_start() -> None:
    given(flow).when(started).then_refused("unknown_runner")
    given(runner, flow, lost()).when(started).then_refused("runner_lost")
    given(runner, flow, leaves()).when(started).then_refused("runner_lost")


def test_a_flow_run_that_belongs_to_a_runner_is_started_by_it_alone() -> None:
    owned = FlowRegister(flow_run_id=RUN, runner_id=B)

    given(runner, other_runner, owned).when(started).then_refused("not_owner")
    running().when(FlowStart(flow_run_id=RUN, runner_id=B)).then_refused("not_owner")


def test_the_same_start_again_is_a_duplicate() -> None:
    running().when(with_body).then_refused("duplicate")


def test_a_start_of_what_is_cancelling_or_over_is_refused() -> None:
    running().when(cancel, with_body).then_refused("cancelling")
    given(runner, flow, cancel).when(started).then_refused("already_finished")


def test_a_body_needs_an_id_of_its_own() -> None:
    taken = FlowStart(flow_run_id=RUN, runner_id=A, body=BodySpec(task_run_id="t1"))

    given(runner, flow, registered("t1")).when(taken).then_refused("no_such_edge")


def test_task_runs_may_be_registered_before_the_flow_run_starts_but_not_granted() -> None:
    early = given(runner, flow).when(registered("t1")).then("task.registered t1")

    early.when(granted("t1")).then_refused("no_such_edge")


def test_a_task_run_is_registered_once() -> None:
    first = running().when(registered("t1"))
    registered_id = first.entries[0].id

    first.when(registered("t1")).then_refused("duplicate")

    assert first.refusals()[0].first == registered_id


def test_a_task_run_of_an_unknown_flow_run_is_refused() -> None:
    given().when(registered("t1")).then_refused("unknown_run")


def test_a_grant_says_for_how_long_it_is_good_and_makes_the_attempt_its_runners() -> None:
    begun = given(runner, flow, with_body, registered("t1"), policy=Policy(grant_valid_seconds=7))

    begun.when(granted("t1")).then("task.started t1")

    event = begun.entries[0].event
    assert event.type == "task.started.v1"
    assert (event.runner_id, event.valid_seconds) == (A, 7)


def test_its_owner_asks_again_and_is_told_that_it_has_the_grant() -> None:
    begun = running("t1")
    grant = begun.entries[0].id

    begun.when(granted("t1")).then_refused("duplicate")

    assert begun.refusals()[0].first == grant


def test_another_runner_gets_no_grant_of_the_same_attempt() -> None:
    running("t1").when(granted("t1", by=B)).then_refused("not_owner")


def test_a_runner_that_is_not_registered_here_or_was_given_up_gets_no_grant() -> None:
    running().when(registered("t1"), granted("t1", by=STRANGER)).then_refused("unknown_runner")
    running().when(registered("t1"), lost(B), granted("t1", by=B)).then_refused("runner_lost")


def test_a_grant_is_for_the_current_attempt() -> None:
    running().when(registered("t1"), granted("t1", attempt=2)).then_refused("wrong_attempt")
    running("t1").when(granted("t1", attempt=2)).then_refused("wrong_attempt")


def test_a_task_run_that_ended_or_is_not_known_gets_no_grant() -> None:
    running("t1").when(ended("t1"), granted("t1")).then_refused("already_finished")
    running().when(granted("t9")).then_refused("unknown_task")
    given(runner).when(granted("t1")).then_refused("unknown_run")


def test_no_grant_is_repeated_for_an_attempt_that_is_being_cancelled_alone() -> None:
    alone = running("t1").when(cancel_task("t1"))

    alone.when(granted("t1")).then_refused("cancelling")
    alone.when(granted("t1", by=B)).then_refused("not_owner")


def test_a_failed_attempt_with_a_next_one_waits_and_is_granted_anew() -> None:
    failed = ended("t1", end=End.FAILED, retry_at=NOON_MS + 5_000)
    waiting = running("t1").when(failed).then("task.retrying t1")

    task = waiting.world.task("t1")
    assert (task.state, task.attempt, task.runner_id) == ("Pending.Retrying", 2, None)
    assert task.retry_ms == NOON_MS + 5_000
    waiting.when(granted("t1")).then_refused("wrong_attempt")
    waiting.when(granted("t1", attempt=2, by=B)).then("task.started t1")
    assert waiting.world.task("t1").retry_ms is None


def test_when_to_retry_is_the_runners_affair_and_no_start_is_too_early() -> None:
    failed = ended("t1", end=End.FAILED, retry_at=NOON_MS + 3_600_000)

    asked = running("t1").when(failed, granted("t1", attempt=2))

    asked.then("task.started t1")


def test_the_report_that_led_to_a_retry_is_a_duplicate_when_it_comes_again() -> None:
    failed = ended("t1", end=End.FAILED, retry_at=NOON_MS)
    waiting = running("t1").when(failed)
    retrying = waiting.entries[0].id

    waiting.when(failed).then_refused("duplicate")
    assert waiting.refusals()[0].first == retrying
    waiting.when(granted("t1", attempt=2)).when(failed).then_refused("duplicate")
    assert waiting.refusals()[0].first == retrying
    waiting.when(ended("t1", end=End.CRASHED)).then("task.late_report t1")
    waiting.when(ended("t1", end=End.FAILED, by=B)).then("task.late_report t1")


def test_nothing_is_retried_under_a_cancel() -> None:
    failed = ended("t1", end=End.FAILED, retry_at=NOON_MS)

    running("t1").when(cancel, failed).then("task.failed t1 failed")
    running("t1").when(cancel_task("t1"), failed).then("task.failed t1 failed")


def test_a_success_with_a_time_for_a_retry_is_a_success() -> None:
    running("t1").when(ended("t1", retry_at=NOON_MS)).then("task.succeeded t1")


def test_what_runs_out_is_registered_again_by_the_same_runner() -> None:
    again = RunnerRegister(runner_id=A, pool="etl")

    known = given(runner).when(again).then("runner.registered")

    assert known.world.base.runners[A].pool == "etl"
