"""Where a request is wrong in two ways, the first of five checks answers it."""

from rescind.events.requests import Step, TaskStopping
from rescind.events.words import End, Rung
from tests.scenario import Scenario, given
from tests.words import (
    A,
    B,
    body_ended,
    cancel,
    cancel_task,
    ended,
    finished,
    flow,
    granted,
    other_runner,
    registered,
    runner,
    with_body,
)
from tests.world import RUN


def running() -> Scenario:
    """A body, `t1` that its owner holds, and `t2` that nobody has."""
    begun = given(runner, other_runner, flow, with_body)
    return begun.when(registered("t1", "t2"), granted("t1"))


def stopping(attempt: int, by: str = A) -> TaskStopping:
    step = Step(task_run_id="t1", attempt=attempt, rung=Rung.KILL, after_ms=0)
    return TaskStopping(flow_run_id=RUN, runner_id=by, items=(step,))


def test_the_same_cancel_again_is_a_duplicate_before_it_is_one_of_what_has_ended() -> None:
    over = running().when(cancel, ended("t1"), body_ended())

    over.when(cancel).then_refused("duplicate")
    over.when(cancel.model_copy(update={"request_id": "new"})).then_refused("already_finished")


def test_that_it_has_ended_goes_before_which_attempt_is_meant_and_whose_it_is() -> None:
    over = running().when(ended("t1"))

    over.when(ended("t1", by=B)).then("task.late_report t1")
    over.when(ended("t1", attempt=7)).then("task.late_report t1")
    over.when(granted("t1", by=B, attempt=7)).then_refused("already_finished")
    over.when(stopping(attempt=7, by=B)).then_refused("already_finished")
    over.when(cancel_task("t1")).then_refused("already_finished")


def test_which_attempt_goes_before_whose_it_is() -> None:
    running().when(ended("t1", by=B, attempt=2)).then_refused("wrong_attempt")
    running().when(stopping(attempt=2, by=B)).then_refused("wrong_attempt")


def test_which_attempt_and_whose_it_is_go_before_whether_it_can_come_to_that() -> None:
    running().when(ended("t2", attempt=2)).then_refused("wrong_attempt")
    given(runner, other_runner, flow).when(finished(by=B)).then_refused("not_owner")
    given(flow, registered("t1"), runner).when(granted("t1", attempt=2)).then_refused(
        "wrong_attempt"
    )


def test_whether_it_can_come_to_that_goes_before_what_else_stands_in_its_way() -> None:
    # It has a body, whose end is its own; and task runs of it are open.
    running().when(finished()).then_refused("no_such_edge")
    running().when(body_ended(End.FAILED)).then_refused("open_work")
