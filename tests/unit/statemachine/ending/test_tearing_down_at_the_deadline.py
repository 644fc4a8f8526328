"""A runner that lives and does not stop by the deadline: whether it is ended from outside."""

import pytest

from rescind.events.requests import Clock, RunnerRegister
from rescind.events.words import Handle
from tests.scenario import Scenario, later
from tests.unit.statemachine.ending.teardowns import (
    OF_ANOTHER,
    SHARED,
    ends_in,
    running,
    teardown_in,
)
from tests.words import (
    HANDLE,
    B,
    abort,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    ended,
    lost,
    outside,
    strikes,
    torn_down,
)
from tests.world import NOON_MS


def overdue(*others: RunnerRegister, handle: Handle = HANDLE) -> Scenario:
    story = running(*others, handle=handle).when(cancel, body_ended())
    return story.when(acknowledged("t1", "t2", by=B), strikes(Clock.DEADLINE))


def test_at_the_deadline_what_is_exclusive_is_torn_down_and_waited_for() -> None:
    story = overdue(outside).then("cancellation.clock_fired", "infrastructure.teardown asked")

    assert teardown_in(story).grace_seconds == 0
    story.when(torn_down()).then(
        "infrastructure.teardown done",
        "task.cancelled t1 deadline",
        "task.cancelled t2 deadline",
        "flow.cancelled",
    )
    assert {end.stopped_confirmed for end in ends_in(story)} == {True}


def test_that_waiting_takes_no_longer_than_an_abort() -> None:
    story = overdue().when(later(30), strikes(Clock.TEARDOWN))

    assert story.world.now_ms == NOON_MS + 330_000
    story.then(
        "infrastructure.teardown given_up",
        "task.cancelled t1 deadline",
        "task.cancelled t2 deadline",
        "flow.cancelled",
    )
    assert {end.stopped_confirmed for end in ends_in(story)} == {False}


def test_an_abort_tears_down_at_its_own_deadline() -> None:
    story = running(outside).when(abort, body_ended(), strikes(Clock.DEADLINE))
    story.then("cancellation.clock_fired", "infrastructure.teardown asked")

    story.when(strikes(Clock.WAIT_SECONDS_MAX)).then("cancellation.clock_fired")
    story.when(torn_down())
    assert story.world.flow().state == "Finished.Cancelled"


@pytest.mark.parametrize("handle", [SHARED, OF_ANOTHER])
def test_what_is_shared_is_not_torn_down_for_one_flow_run(handle: Handle) -> None:
    overdue(outside, handle=handle).then(
        "cancellation.clock_fired",
        "task.cancelled t1 deadline",
        "task.cancelled t2 deadline",
        "flow.cancelled",
    )


def test_beside_what_is_waited_for_nothing_is_torn_down() -> None:
    story = running(outside).when(cancel, body_ended())
    story.when(acknowledged("t1", cannot_stop=("t2",), by=B), strikes(Clock.DEADLINE))

    story.then("cancellation.clock_fired", "task.cancelled t1 deadline")
    story.when(strikes(Clock.WAIT_SECONDS_MAX)).then(
        "cancellation.clock_fired", "infrastructure.teardown asked"
    )


def test_a_report_of_its_own_ends_it_before_the_teardown_does() -> None:
    story = overdue(outside).when(ended("t1", "t2", by=B))

    story.then("task.succeeded t1", "task.succeeded t2", "flow.cancelled")
    story.when(torn_down()).then("infrastructure.teardown done")


def test_for_a_task_run_that_is_cancelled_alone_nothing_is_torn_down() -> None:
    running(outside).when(cancel_task("t1"), strikes(Clock.DEADLINE, "t1")).then(
        "cancellation.clock_fired t1", "task.cancelled t1 deadline"
    )


def test_a_runner_that_is_lost_while_it_is_torn_down_is_not_torn_down_twice() -> None:
    story = overdue(outside).when(lost(B)).then("runner.lost")

    story.when(torn_down()).then(
        "infrastructure.teardown done",
        "task.cancelled t1 forced",
        "task.cancelled t2 forced",
        "flow.cancelled",
    )
