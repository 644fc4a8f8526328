"""What runners report while something is being stopped: rungs, clean-up, executors, teardown."""

from collections.abc import Callable

import pytest

from rescind.events.requests import (
    ChildFinished,
    ExecutorReport,
    RequestDenied,
    Step,
    TaskCleanup,
    TaskStopping,
    Unreadable,
)
from rescind.events.words import End, Rung
from tests.scenario import Scenario, given, unsigned
from tests.scenario import Step as Past
from tests.words import (
    A,
    B,
    C,
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    lost,
    other_runner,
    outside,
    registered,
    runner,
    started,
    torn_down,
    with_body,
    within,
)
from tests.world import NOON_MS, RUN

Report = Callable[..., TaskStopping | TaskCleanup]


def running() -> Scenario:
    return given(runner, other_runner, flow, with_body, registered("t1"), granted("t1"))


def rung(task_run_id: str = "t1", by: str = A, attempt: int = 1) -> TaskStopping:
    step = Step(task_run_id=task_run_id, attempt=attempt, rung=Rung.INTERRUPT, after_ms=3)
    return TaskStopping(flow_run_id=RUN, runner_id=by, items=(step,))


def cleanup(task_run_id: str = "t1", by: str = A, attempt: int = 1) -> TaskCleanup:
    return TaskCleanup(
        flow_run_id=RUN,
        runner_id=by,
        task_run_id=task_run_id,
        attempt=attempt,
        outcome="done",
    )


def executor(outcome: str = "failed", by: str = A) -> ExecutorReport:
    return ExecutorReport.model_validate(
        {"flow_run_id": RUN, "runner_id": by, "outcome": outcome, "message": "it raised"}
    )


def test_each_rung_and_each_cleanup_is_kept_with_its_time() -> None:
    story = running().when(cancel)

    story.when(rung()).then("task.stopping t1")
    story.when(cleanup()).then("task.cleanup t1")
    assert story.world.task("t1").state == "Running"


@pytest.mark.parametrize("report", [rung, cleanup])
def test_they_are_about_an_attempt_that_runs_and_by_the_runner_that_holds_it(
    report: Report,
) -> None:
    story = running().when(cancel)

    story.when(report("t9")).then_refused("unknown_task")
    story.when(report("t1", attempt=2)).then_refused("wrong_attempt")
    story.when(report("t1", by=B)).then_refused("not_owner")
    story.when(report("t1", by=B, attempt=2)).then_refused("wrong_attempt")
    story.when(ended("t1"), report("t1")).then_refused("already_finished")
    story.when(body_ended(), report("t1")).then_refused("already_finished")


@pytest.mark.parametrize("report", [rung, cleanup])
def test_there_is_nothing_to_report_of_what_was_not_granted(
    report: Report,
) -> None:
    waiting = given(runner, flow, with_body, registered("t1"))

    waiting.when(report()).then_refused("no_such_edge")
    waiting.when(report(attempt=2)).then_refused("wrong_attempt")


def test_an_executor_that_fails_or_warns_holds_nothing_up() -> None:
    story = running().when(cancel)

    story.when(executor("failed")).then("executor.failed")
    story.when(executor("warning")).then("cancellation.warning")
    story.when(ended("t1"), body_ended()).then(
        "task.succeeded body", "flow.body_finished", "flow.cancelled"
    )


def test_an_executor_has_nothing_to_report_of_a_flow_run_that_nobody_cancels() -> None:
    running().when(executor()).then_refused("no_such_edge")
    given().when(executor()).then_refused("unknown_run")
    given(runner, flow, started, cancel).when(executor()).then_refused("already_finished")


def test_an_executors_report_is_by_a_runner_that_has_work_of_the_flow_run_or_had() -> None:
    story = given(runner, other_runner, outside, flow, with_body, registered("t1", "t2"))
    story.when(granted("t1", by=B), cancel)

    story.when(executor(by=C)).then_refused("not_owner")
    story.when(executor(by="nobody")).then_refused("unknown_runner")
    story.when(executor(by=B)).then("executor.failed")
    story.when(ended("t1", by=B), executor(by=B)).then("executor.failed")
    story.when(lost(B), executor(by=B)).then_refused("runner_lost")


def test_whose_work_it_is_is_asked_before_whether_it_is_cancelled() -> None:
    running().when(outside, executor(by=C)).then_refused("not_owner")


def test_a_teardown_is_kept_also_after_the_end() -> None:
    story = running().when(within(), registered("t2"), granted("t2", by=B), outside, lost(B))
    story.when(ended("t2", by=B), ended("t1"), body_ended())
    assert story.world.flow().state == "Finished.Success"

    story.when(torn_down("started")).then("infrastructure.teardown started")
    story.when(torn_down()).then("infrastructure.teardown done")


@pytest.mark.parametrize(
    "asking",
    [
        ChildFinished(flow_run_id=RUN, task_run_id="t1", child_flow_run_id="c", end=End.SUCCESS),
        RequestDenied(flow_run_id=RUN, asked="flow.cancel", permission="cancel"),
    ],
)
def test_only_the_service_may_say_this(asking: Past) -> None:
    assert not callable(asking)
    running().when(unsigned(asking)).then_refused("not_allowed")


def test_who_was_turned_away_is_kept_and_changes_nothing() -> None:
    story = running()
    before = story.world.flow()

    story.when(RequestDenied(flow_run_id=RUN, asked="flow.cancel", permission="cancel"))

    story.then("request.denied")
    assert story.world.flow() == before


def test_what_cannot_be_read_is_refused_with_the_path_of_its_first_error() -> None:
    world = running().world
    core = world.begin()
    unreadable = Unreadable("items.3.attempt", "expected a whole number, but got a string")

    [entry] = core.answer(unreadable, world.asked(unreadable, "stop"))

    assert entry.event.type == "request.refused.v1"
    assert (entry.event.code, entry.version) == ("unreadable", None)
    assert entry.event.message.startswith("items.3.attempt: expected")
    assert (entry.stream_kind, entry.stream_id, entry.at_ms) == ("partition", "0", NOON_MS)
