"""One task run alone: it is not retried, and the flow run goes on."""

import pytest

from rescind.events.journal import Entry
from rescind.events.requests import CancellationAcknowledge, Clock, HeldAttempt
from rescind.events.words import End, Mode
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, Step, given, restarted, unsigned
from tests.unit.statemachine.audit.story import audit
from tests.words import (
    A,
    B,
    body_ended,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    other_runner,
    registered,
    runner,
    stopped,
    strikes,
    with_body,
)
from tests.world import NOON_MS, RUN, World


def running(*ids: str) -> Scenario:
    begun = given(runner, other_runner, flow, with_body)
    return begun.when(registered(*ids), granted(*ids))


def alone() -> Scenario:
    return running("t1", "t2").when(cancel_task("t1", request_id="only-t1"))


def held(*ids: str, cannot_stop: bool = False, by: str = A) -> Step:
    """The acknowledgement of the cancelling of `t1` alone."""

    def step(world: World) -> list[Entry]:
        cancellation = world.task("t1").cancellation
        assert cancellation is not None
        attempts = tuple(HeldAttempt(task_run_id=name, can_stop=not cannot_stop) for name in ids)
        return world.ask(
            CancellationAcknowledge(
                flow_run_id=RUN, runner_id=by, cancellation_id=cancellation.id, held=attempts
            )
        )

    return step


def clocks_of(world: World) -> dict[str, int]:
    return world.clocks("t1")


def test_a_running_task_run_is_cancelling_and_its_runner_is_told() -> None:
    asked = alone().then("task.cancelling t1", "cancellation.sent t1")

    assert asked.world.task("t1").state == "Running.Cancelling"
    assert asked.world.flow().state == "Running"


@pytest.mark.parametrize(
    "end, event",
    [
        (End.CANCELLED, "task.cancelled t1 graceful"),
        (End.SUCCESS, "task.succeeded t1"),
        (End.FAILED, "task.failed t1 failed"),
    ],
)
def test_it_ends_as_its_runner_says_and_the_flow_run_goes_on(end: End, event: str) -> None:
    over = alone().when(ended("t1", end=end)).then(event)

    assert over.world.flow().state == "Running"
    over.when(ended("t2"), body_ended()).then("task.succeeded body", "flow.succeeded")


def test_it_is_not_retried() -> None:
    alone().when(ended("t1", end=End.FAILED, retry_at=NOON_MS)).then("task.failed t1 failed")


def test_what_was_not_started_is_cancelled_at_once() -> None:
    waiting = running("t1").when(registered("t2"))

    waiting.when(cancel_task("t2")).then("task.cancelled t2 never_started")


def test_what_waits_for_a_retry_is_cancelled_at_once() -> None:
    waiting = running("t1").when(ended("t1", end=End.FAILED, retry_at=NOON_MS))

    waiting.when(cancel_task("t1")).then("task.cancelled t1 not_retried")


def test_a_second_cancel_names_the_first_and_the_same_is_a_duplicate() -> None:
    asked = alone()
    first = asked.entries[0].id

    asked.when(cancel_task("t1")).then_refused("already_cancelling")
    assert asked.refusals()[0].first == first
    asked.when(cancel_task("t1", request_id="only-t1")).then_refused("duplicate")
    assert asked.refusals()[0].first == first


def test_the_same_cancel_is_a_duplicate_also_after_the_end() -> None:
    asked = alone().when(stopped("t1"))

    asked.when(cancel_task("t1", request_id="only-t1")).then_refused("duplicate")
    asked.when(cancel_task("t1")).then_refused("already_finished")


@pytest.mark.parametrize("past", [(), (restarted,)], ids=["", "restarted"])
@pytest.mark.parametrize("retrying", [False, True])
def test_the_same_cancel_of_what_was_not_running_is_a_duplicate(
    past: tuple[Step, ...], retrying: bool
) -> None:
    again = cancel_task("t1", request_id="only-t1")
    waiting = given(runner, flow, with_body).when(registered("t1"))
    if retrying:
        waiting.when(granted("t1"), ended("t1", end=End.FAILED, retry_at=NOON_MS))
    waiting.when(again)
    first = waiting.entries[0].id

    waiting.when(*past, again).then_refused("duplicate")

    assert waiting.refusals()[0].first == first
    waiting.when(cancel_task("t1")).then_refused("already_finished")
    assert audit(waiting.world.journal, waiting.world.written.topics()) == []


def test_the_state_of_what_was_not_running_says_who_asked_and_why() -> None:
    waiting = given(runner, flow, with_body, registered("t1"))

    waiting.when(cancel_task("t1", reason="no longer needed"))

    cancellation = waiting.world.task("t1").cancellation
    assert cancellation is not None
    assert (cancellation.id, cancellation.reason) == (waiting.entries[0].id, "no longer needed")
    assert clocks_of(waiting.world) == {}


def test_an_abort_escalates() -> None:
    asked = alone().when(cancel_task("t1", mode=Mode.ABORT, request_id="now"))

    asked.then("cancellation.escalated t1", "cancellation.sent t1")
    cancellation = asked.world.task("t1").cancellation
    assert cancellation is not None
    assert (cancellation.mode, cancellation.deadline_ms) == (Mode.ABORT, NOON_MS + 30_000)
    asked.when(cancel_task("t1", mode=Mode.ABORT, request_id="now")).then_refused("duplicate")


def test_what_cannot_be_cancelled_alone() -> None:
    running("t1").when(cancel_task("body")).then_refused("no_such_edge")
    running("t1").when(cancel_task("t9")).then_refused("unknown_task")
    running("t1").when(ended("t1"), cancel_task("t1")).then_refused("already_finished")
    running("t1").when(cancel, cancel_task("t1")).then_refused("already_cancelling")
    running("t1").when(ended("t1"), body_ended(), cancel_task("t1")).then_refused(
        "already_finished"
    )
    given().when(cancel_task("t1")).then_refused("unknown_run")


def test_a_cancel_after_the_end_names_the_end() -> None:
    over = running("t1").when(ended("t1"))
    end = over.entries[0].id

    over.when(cancel_task("t1")).then_refused("already_finished")

    assert over.refusals()[0].first == end


def test_without_unsigned_cancels_it_needs_a_signature() -> None:
    strict = Policy(accept_unsigned_cancels=False)

    given(flow, registered("t1"), policy=strict).when(unsigned(cancel_task("t1"))).then_refused(
        "not_allowed"
    )


def test_it_has_clocks_of_its_own_that_survive_a_restart() -> None:
    asked = alone()
    expected = {
        "acknowledge": NOON_MS + 15_000,
        "deadline": NOON_MS + 300_000,
        "wait_seconds_max": NOON_MS + 86_400_000,
    }

    assert clocks_of(asked.world) == expected
    assert clocks_of(asked.when(restarted).world) == expected


def test_its_runner_is_told_again_until_it_acknowledges() -> None:
    asked = alone().when(strikes(Clock.ACKNOWLEDGE, "t1"))

    asked.then("cancellation.clock_fired t1", "cancellation.sent t1")
    asked.when(held("t1")).then("cancellation.acknowledged t1")
    assert "acknowledge" not in clocks_of(asked.world)
    asked.when(held("t1")).then_refused("duplicate")


def test_its_deadline_ends_it() -> None:
    alone().when(held("t1"), strikes(Clock.DEADLINE, "t1")).then(
        "cancellation.clock_fired t1", "task.cancelled t1 deadline"
    )


def test_what_cannot_be_stopped_is_waited_for_beyond_the_deadline() -> None:
    asked = alone().when(held("t1", cannot_stop=True))

    assert asked.world.task("t1").held is False
    asked.when(strikes(Clock.DEADLINE, "t1")).then("cancellation.clock_fired t1")
    asked.when(strikes(Clock.WAIT_SECONDS_MAX, "t1")).then(
        "cancellation.clock_fired t1", "task.cancelled t1 deadline"
    )


def test_under_an_abort_the_deadline_ends_also_what_cannot_be_stopped() -> None:
    asked = running("t1").when(cancel_task("t1", mode=Mode.ABORT, deadline_seconds=5))

    asked.when(held("t1", cannot_stop=True), strikes(Clock.DEADLINE, "t1")).then(
        "cancellation.clock_fired t1", "task.cancelled t1 deadline"
    )


def test_an_attempt_that_its_runner_does_not_hold_ends_at_once() -> None:
    asked = alone().when(held())

    asked.then("cancellation.acknowledged t1", "task.cancelled t1 not_held")
    assert asked.world.task("t2").state == "Running"


def test_only_the_runner_that_holds_it_can_say_so() -> None:
    alone().when(held(by=B)).then_refused("stale")
    alone().when(held("t1", by=B)).then_refused("stale")


def test_the_flow_runs_cancel_goes_over_it() -> None:
    asked = alone().when(cancel)

    asked.then("flow.cancelling", "cancellation.sent")
    asked.when(stopped("t1", "t2"), stopped("body")).then(
        "task.cancelled body graceful", "flow.cancelled"
    )
