"""A flow run that has a parent: its chain, its parent's cancel, and its end, which it tells."""

import pytest

from rescind.events.journal import FlowCancelled
from rescind.events.requests import (
    ChildFinished,
    FlowCancel,
    FlowRegister,
    FlowStart,
)
from rescind.events.words import CascadePolicy, Clocks, End, How, ParentLink
from tests.scenario import given, restarted, unsigned
from tests.words import (
    A,
    cancel,
    child,
    ended,
    flow,
    granted,
    registered,
    runner,
    with_body,
)
from tests.world import RUN

WAIT, REQUEST, NONE = CascadePolicy.WAIT, CascadePolicy.REQUEST, CascadePolicy.NONE
LINK = ParentLink(flow_run_id=RUN, task_run_id="t")


def handed_down(**more: object) -> FlowCancel:
    """The parent's cancel, as it reaches the child's stream (which is `RUN` in these tests)."""
    link = ParentLink(flow_run_id="run-0", task_run_id="c", ancestors=("run-9",))
    words = {"request_id": "from-above", "parent": link, "deadline_seconds": 60.0, **more}
    return FlowCancel.model_validate({"flow_run_id": RUN, **words})


def below(link: ParentLink | None = None, **more: object) -> FlowRegister:
    link = link or ParentLink(flow_run_id="run-0", task_run_id="c", ancestors=("run-9",))
    return FlowRegister.model_validate({"flow_run_id": RUN, "parent": link, **more})


@pytest.mark.parametrize(
    "above, refused",
    [
        (("run-0",), False),
        ((RUN,), True),
        (tuple(f"a{n}" for n in range(31)), False),
        (tuple(f"a{n}" for n in range(32)), True),
    ],
    ids=["one above", "itself above", "32 above", "33 above"],
)
def test_a_chain_that_contains_itself_or_is_too_long_is_refused(
    above: tuple[str, ...], refused: bool
) -> None:
    link = ParentLink(flow_run_id="p", task_run_id="c", ancestors=above)

    given().when(below(link)).then("request.refused too_deep" if refused else "flow.registered")


def test_a_parent_grants_no_child_that_is_above_it() -> None:
    begun = given(runner, below(), with_body)

    for name in ("run-9", "run-0", RUN):
        begun.when(child(of=name)).then_refused("too_deep")
    begun.when(child(of="run-1000")).then("task.registered t")


def test_a_parents_cancel_of_a_child_that_nobody_knows_leaves_no_way_to_begin_it() -> None:
    story = given(runner).when(handed_down()).then("flow.registered", "flow.cancelled")

    child_run = story.world.flow()
    assert child_run.state == "Finished.Cancelled"
    story.when(below(runner_id=A)).then_refused("already_finished")
    [answer] = story.world.send_errands()
    assert isinstance(answer, ChildFinished)
    assert (answer.flow_run_id, answer.task_run_id) == ("run-0", "c")
    assert (answer.end, answer.how) == (End.CANCELLED, How.NEVER_STARTED)


def test_a_stub_is_cancelled_by_whoever_had_asked_before() -> None:
    story = given(runner, cancel).when(handed_down()).then("flow.registered", "flow.cancelled")

    [over] = [e.event for e in story.entries if isinstance(e.event, FlowCancelled)]
    assert over.reason == "enough"
    assert story.world.base.armed == {}


def test_a_parents_cancel_needs_the_services_signature() -> None:
    given(runner, below()).when(unsigned(handed_down())).then_refused("not_allowed")


def test_a_parents_cancel_cancels_the_child_within_both_their_times() -> None:
    short = below(clocks=Clocks(deadline_seconds=20))
    for register, seconds in ((below(), 60), (short, 20)):
        story = given(runner, register, with_body).when(handed_down())
        story.then("flow.cancelling", "cancellation.sent")
        cancellation = story.world.flow().cancellation
        assert cancellation is not None
        assert cancellation.deadline_ms - story.world.now_ms == seconds * 1000


def test_a_cancel_by_somebody_who_is_not_the_parent_is_refused() -> None:
    wrong = handed_down(parent=ParentLink(flow_run_id="run-0", task_run_id="d"))
    given(runner, below(), with_body).when(wrong).then_refused("no_such_edge")
    given(runner, flow, with_body).when(handed_down()).then_refused("no_such_edge")


def test_a_child_that_was_given_up_and_is_registered_all_the_same_goes_on() -> None:
    story = given(runner, below(), with_body)

    story.when(handed_down(only_unregistered=True)).then_refused("stale")
    assert story.world.flow().cancellation is None


def test_the_end_of_a_child_is_told_until_that_is_recorded() -> None:
    story = given(runner, below(), FlowStart(flow_run_id=RUN, runner_id=A))
    assert story.world.send_errands() == []
    story.when(registered("u"), granted("u"), cancel, ended("u", end=End.CANCELLED), restarted)
    assert story.world.clocks() == {}, "it must not be forgotten before its parent knows"

    [answer] = story.world.send_errands()

    assert isinstance(answer, ChildFinished)
    assert (answer.end, answer.how) == (End.CANCELLED, How.GRACEFUL)
    assert answer.stopped_confirmed
    assert story.world.journal[-1].event.type == "child.end_sent.v1"
    assert list(story.world.clocks()) == ["forget"]
    assert story.when(restarted).world.send_errands() == []
