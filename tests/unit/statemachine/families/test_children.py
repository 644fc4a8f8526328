"""A child as its parent has it: a task run whose end is told by a stream of its own."""

import pytest

from rescind.events.journal import Account, ChildCancelSent, TaskLateReport
from rescind.events.requests import Clock, FlowCancel, TaskRegister, TaskSpec
from rescind.events.words import CascadePolicy, End, How, Mode, ParentLink
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, restarted, swept, told
from tests.words import (
    CHILD,
    B,
    abort,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    child,
    child_finished,
    ended,
    flow,
    granted,
    lost,
    other_runner,
    registered,
    runner,
    strikes,
    with_body,
)
from tests.world import RUN

WAIT, REQUEST, NONE = CascadePolicy.WAIT, CascadePolicy.REQUEST, CascadePolicy.NONE
LINK = ParentLink(flow_run_id=RUN, task_run_id="t")


STATES = {
    End.SUCCESS: "Finished.Success",
    End.FAILED: "Finished.Failed",
    End.CRASHED: "Finished.Failed.Crashed",
    End.TIMED_OUT: "Finished.Failed.TimedOut",
    End.CANCELLED: "Finished.Cancelled",
}


def parent(cascade: CascadePolicy = WAIT, policy: Policy | None = None) -> Scenario:
    """A running flow run with a body and a child whose start was granted."""
    begun = given(runner, other_runner, flow, with_body, policy=policy)
    return begun.when(child(cascade=cascade), granted("t"))


def account_of(story: Scenario) -> Account:
    cancellation = story.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.account is not None
    return cancellation.account


def test_a_child_is_granted_as_any_task_run_is() -> None:
    begun = given(runner, flow, with_body).when(child())
    begun.then("task.registered t").when(granted("t")).then("task.started t")

    task = begun.world.task("t")
    assert (task.kind, task.child and task.child.flow_run_id) == ("child", CHILD)


def test_a_child_of_a_cancelling_parent_is_never_granted() -> None:
    cancelling = given(runner, flow, with_body, cancel)

    cancelling.when(child()).then("task.registered t", "task.cancelled t never_started")
    cancelling.when(granted("t")).then_refused("cancelling")
    assert cancelling.world.send_errands() == []


def test_a_child_that_was_not_granted_is_swept_and_nobody_else_is_told() -> None:
    asked = given(runner, flow, with_body, child()).when(cancel)

    assert "task.cancelled t never_started" in told(asked.entries)
    assert asked.world.send_errands() == []


@pytest.mark.parametrize("end", list(End))
def test_the_end_of_a_child_is_the_end_of_its_line(end: End) -> None:
    story = parent().when(child_finished(end)).then(f"child.finished t {end.value}")

    assert story.world.task("t").end is end
    assert story.world.task("t").state == STATES[end]
    assert story.world.flow().open == 1
    story.when(child_finished(end)).then_refused("duplicate")


def test_another_end_of_a_child_is_kept_as_a_late_report() -> None:
    story = parent().when(child_finished(), child_finished(End.FAILED))

    story.then("task.late_report t")
    [late] = [e.event for e in story.entries if isinstance(e.event, TaskLateReport)]
    assert (late.runner_id, late.end) == (None, End.FAILED)


def test_the_end_of_another_flow_run_is_not_that_of_the_child() -> None:
    parent().when(child_finished(of="run-3")).then_refused("unknown_task")
    parent().when(child_finished(task_run_id="body")).then_refused("unknown_task")
    given(runner, flow, with_body, child()).when(child_finished()).then_refused("no_such_edge")


def test_a_parent_cannot_end_before_a_child_that_it_waits_for() -> None:
    story = parent().when(body_ended()).then_refused("open_work")
    story.when(child_finished(), body_ended()).then("task.succeeded body", "flow.succeeded")


def test_a_child_whose_line_names_no_policy_is_waited_for() -> None:
    line = TaskSpec(task_run_id="t", kind="child", child_flow_run_id=CHILD)
    begun = given(runner, flow, with_body, TaskRegister(flow_run_id=RUN, items=(line,)))

    begun.when(granted("t"), body_ended()).then_refused("open_work")


@pytest.mark.parametrize("cascade", [REQUEST, NONE])
def test_a_parent_ends_without_a_child_that_it_does_not_wait_for(cascade: CascadePolicy) -> None:
    story = parent(cascade).when(body_ended())

    story.then("task.succeeded body", "flow.succeeded", "child.released t")
    # It was not asked to stop: nobody cancelled anything.
    assert story.world.send_errands() == []
    story.when(swept, restarted, child_finished(End.FAILED)).then("child.finished t failed")
    story.when(swept, child_finished(End.FAILED)).then_refused("unknown_task")


def test_a_later_end_of_a_child_is_not_in_the_account_of_its_parent() -> None:
    story = parent(REQUEST).when(cancel, ended("body", end=End.CANCELLED))
    before = story.world.flow()

    story.when(child_finished(End.CANCELLED))

    assert story.world.flow().tally == before.tally
    assert story.world.flow().version == before.version + 1


def test_a_cancelled_parent_waits_for_its_child_and_asks_it_to_stop() -> None:
    story = parent().when(cancel, ended("body", end=End.CANCELLED, how=How.GRACEFUL))
    story.then("task.cancelled body graceful")

    [asked] = story.world.send_errands()

    assert isinstance(asked, FlowCancel)
    assert (asked.flow_run_id, asked.reason, asked.mode) == (CHILD, "enough", Mode.GRACEFUL)
    assert asked.parent == LINK
    assert asked.deadline_seconds == 300
    assert story.world.send_errands() == []
    story.when(child_finished(End.CANCELLED, how=How.GRACEFUL))
    story.then("child.finished t cancelled", "flow.cancelled")
    account = account_of(story)
    assert (account.cancelled, account.unconfirmed) == (1, 0)


def test_a_child_that_was_not_seen_to_stop_is_unconfirmed_in_its_parents_account() -> None:
    story = parent().when(cancel, ended("body", end=End.CANCELLED))
    story.when(child_finished(End.CANCELLED, how=How.GRACEFUL, stopped_confirmed=False))

    account = account_of(story)
    assert (account.cancelled, account.unconfirmed) == (1, 1)


def test_a_parent_asks_a_child_under_request_to_stop_and_does_not_wait() -> None:
    story = parent(REQUEST).when(cancel, ended("body", end=End.CANCELLED))

    story.then("task.cancelled body graceful", "flow.cancelled", "child.released t")
    [asked] = story.world.send_errands()
    assert asked.stream_id == CHILD


def test_a_parent_whose_body_is_lost_asks_its_child_to_stop_and_has_crashed_after_it() -> None:
    story = parent().when(lost())
    assert "flow.cancelling" in told(story.entries)

    [asked] = story.world.send_errands()

    assert isinstance(asked, FlowCancel)
    assert (asked.flow_run_id, asked.only_unregistered) == (CHILD, False)
    story.when(restarted, swept)
    assert story.world.flow().state == "Running.Cancelling"
    story.when(child_finished(End.CANCELLED, how=How.GRACEFUL))
    story.then("child.finished t cancelled", "flow.failed crashed")


def test_a_child_under_none_goes_on_and_that_is_said() -> None:
    story = parent(NONE).when(cancel)

    story.then("flow.cancelling", "cancellation.sent", "child.not_cancelled t")
    assert story.world.send_errands() == []
    story.when(ended("body", end=End.CANCELLED))
    story.then("task.cancelled body graceful", "flow.cancelled", "child.released t")
    assert story.world.send_errands() == []


@pytest.mark.parametrize("own", list(CascadePolicy))
@pytest.mark.parametrize("of_all", list(CascadePolicy))
def test_the_cancels_own_policy_goes_before_the_childs(
    own: CascadePolicy, of_all: CascadePolicy
) -> None:
    asking = FlowCancel(flow_run_id=RUN, cascade=of_all)
    story = parent(own).when(asking, restarted)

    asked = story.world.send_errands()
    story.when(ended("body", end=End.CANCELLED))

    assert [each.cascade for each in asked if isinstance(each, FlowCancel)] == (
        [] if of_all is NONE else [of_all]
    )
    assert (story.world.flow().end is None) is (of_all is WAIT)


def test_an_abort_reaches_the_child_after_a_graceful_cancel() -> None:
    story = parent().when(cancel)
    [first] = story.world.send_errands()
    story.when(abort)
    [second] = story.world.send_errands()

    assert isinstance(first, FlowCancel)
    assert isinstance(second, FlowCancel)
    assert (first.mode, second.mode) == (Mode.GRACEFUL, Mode.ABORT)
    assert first.request_id != second.request_id
    assert second.deadline_seconds == 30
    assert story.world.send_errands() == []


def test_what_is_owed_to_a_child_is_owed_after_a_restart_and_said_once() -> None:
    story = parent().when(cancel, restarted)
    [asked] = story.world.send_errands()
    sent = [e for e in story.world.journal if isinstance(e.event, ChildCancelSent)]
    cancelling = next(e for e in story.world.journal if e.event.type == "flow.cancelling.v1")

    assert asked.stream_id == CHILD
    assert [(e.cause, e.source) for e in sent] == [(cancelling.id, None)]
    assert story.when(restarted).world.send_errands() == []


def test_a_child_is_not_ended_by_its_parents_deadline_but_by_the_last_clock() -> None:
    story = parent().when(cancel, ended("body", end=End.CANCELLED), strikes(Clock.DEADLINE))
    story.then("cancellation.clock_fired")

    story.when(strikes(Clock.WAIT_SECONDS_MAX))

    story.then("cancellation.clock_fired", "task.cancelled t deadline", "flow.cancelled")
    story.when(child_finished(End.CANCELLED)).then_refused("duplicate")


def test_the_last_clock_does_not_end_a_child_that_nobody_waits_for() -> None:
    story = parent(REQUEST).when(registered("u"), granted("u", by=B), cancel)
    story.when(ended("body", end=End.CANCELLED), strikes(Clock.DEADLINE))

    story.then(
        "cancellation.clock_fired",
        "task.cancelled u deadline",
        "flow.cancelled",
        "child.released t",
    )


def test_a_runner_that_does_not_name_a_child_has_not_lost_it() -> None:
    story = parent().when(cancel)

    story.when(acknowledged("body")).then("cancellation.acknowledged")
    assert story.world.task("t").end is None


def test_to_cancel_the_line_alone_is_to_cancel_the_child() -> None:
    story = parent(NONE).when(cancel_task("t", reason="not this one"))
    story.then("task.cancelling t")

    [asked] = story.world.send_errands()

    assert isinstance(asked, FlowCancel)
    assert (asked.flow_run_id, asked.reason) == (CHILD, "not this one")
    assert Clock.ACKNOWLEDGE.value not in story.world.clocks("t")
    story.when(child_finished(End.CANCELLED)).then("child.finished t cancelled")
    assert story.world.flow().state == "Running"


def test_a_child_that_was_cancelled_alone_leaves_its_parent_running() -> None:
    story = parent().when(child_finished(End.CANCELLED, how=How.GRACEFUL))

    assert story.world.flow().state == "Running"
    story.when(body_ended()).then("task.succeeded body", "flow.succeeded")


def test_many_children_that_nobody_waits_for_are_spoken_of_in_chunks() -> None:
    story = parent(NONE, Policy(sweep_chunk=2))
    for number in range(4):
        story.when(child(f"t{number}", f"c{number}", NONE), granted(f"t{number}"))
    story.when(cancel)
    assert [line.split(" ")[0] for line in told(story.entries)].count("child.not_cancelled") == 2

    story.when(ended("body", end=End.CANCELLED), restarted, swept)

    said = [line.split(" ")[0] for line in told(story.world.journal)]
    assert said.count("child.not_cancelled") == 5
    assert said.count("child.released") == 5
