"""A grant for a child that is not used: whoever had it can say so, and nothing more."""

from rescind.events.requests import (
    FlowCancel,
)
from rescind.events.words import CascadePolicy, End, How, ParentLink
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, restarted, swept
from tests.words import (
    CHILD,
    STRANGER,
    B,
    body_ended,
    cancel,
    child,
    ended,
    flow,
    given_back,
    granted,
    lost,
    other_runner,
    runner,
    with_body,
)
from tests.world import RUN, World

WAIT, REQUEST, NONE = CascadePolicy.WAIT, CascadePolicy.REQUEST, CascadePolicy.NONE
LINK = ParentLink(flow_run_id=RUN, task_run_id="t")


def parent(cascade: CascadePolicy = WAIT, policy: Policy | None = None) -> Scenario:
    """A running flow run with a body and a child whose start was granted."""
    begun = given(runner, other_runner, flow, with_body, policy=policy)
    return begun.when(child(cascade=cascade), granted("t"))


def test_only_the_child_tells_its_end_but_its_runner_may_give_it_up() -> None:
    story = parent()

    story.when(ended("t")).then_refused("not_owner")
    story.when(ended("t", end=End.CANCELLED, how=How.GRACEFUL)).then_refused("not_owner")
    story.when(ended("t", by=STRANGER)).then_refused("not_owner")
    story.when(given_back("t")).then("child.given_up t")
    story.when(given_back("t")).then_refused("duplicate")
    assert story.world.task("t").end is None


def test_a_child_that_was_given_up_is_kept_from_beginning() -> None:
    story = parent().when(given_back("t"), restarted)

    [asked] = story.world.send_errands()

    assert isinstance(asked, FlowCancel)
    assert (asked.flow_run_id, asked.only_unregistered, asked.parent) == (CHILD, True, LINK)
    assert story.world.send_errands() == []
    story.when(cancel)
    [asked] = story.world.send_errands()
    assert isinstance(asked, FlowCancel)
    assert not asked.only_unregistered


def test_the_loss_of_its_runner_does_not_end_a_child_that_may_be_registered() -> None:
    story = given(runner, other_runner, flow, with_body, child(), granted("t", by=B))

    story.when(lost(B)).then("runner.lost", "child.given_up t")

    [asked] = story.world.send_errands()
    assert isinstance(asked, FlowCancel)
    assert asked.only_unregistered
    assert story.world.flow().open == 2
    story.when(restarted, World.sweep_all)
    assert story.world.send_errands() == []


def test_a_grant_may_be_given_back_after_the_end_of_the_parent() -> None:
    story = parent(NONE).when(body_ended(), swept, given_back("t"))

    story.then("child.given_up t")
    assert len(story.world.send_errands()) == 1
