"""What has ended is forgotten before its time where more of it is kept than there should be."""

from typing import Literal

import pytest

from rescind.events.journal import Entry
from rescind.events.requests import (
    CancellationClock,
    Clock,
    FlowCancel,
    FlowRegister,
    RunnerForget,
    RunnerLost,
)
from rescind.events.words import CascadePolicy, ParentLink
from rescind.statemachine.clocks import flow_clocks, runner_clocks
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Teardown
from tests.scenario import Scenario, Step, given, restarted, swept, told
from tests.unit.statemachine.keeping.test_quarantining import quarantine
from tests.words import (
    HANDLE,
    A,
    B,
    body_ended,
    child,
    child_finished,
    flow,
    granted,
    lost,
    other_runner,
    registered,
    runner,
    with_body,
)
from tests.world import RUN, World

ONE = Policy(finished_max=1)


def over(flow_run_id: str) -> tuple[Step, ...]:
    """The whole life of a flow run."""
    return FlowRegister(flow_run_id=flow_run_id), FlowCancel(flow_run_id=flow_run_id)


def forgets_now(flow_run_id: str = RUN) -> Step:
    """The clock that forgets a flow run strikes before its time."""
    return lambda world: world.ask(
        CancellationClock(
            flow_run_id=flow_run_id,
            clock=Clock.FORGET,
            due_at=flow_clocks(world.flow(flow_run_id), world.policy)[Clock.FORGET],
        )
    )


def forgets_runner_now(runner_id: str) -> Step:
    def step(world: World) -> list[Entry]:
        gone = world.base.runners[runner_id]
        due_ms = runner_clocks(gone, world.policy)[Clock.FORGET]
        return world.ask(RunnerForget(runner_id=runner_id, due_at=due_ms))

    return step


@pytest.mark.parametrize("then", [[], [restarted]], ids=["at once", "after a restart"])
def test_an_ended_flow_run_is_forgotten_before_its_time_only_if_there_are_too_many(
    then: list[Step],
) -> None:
    story = given(*over(RUN), *then, policy=ONE)
    story.when(forgets_now()).then_refused("early")
    story.when(*over("run-2"), *then, forgets_now()).then("flow.forgotten")
    story.when(*then, forgets_now("run-2")).then_refused("early")

    assert list(story.world.base.flows) == list(story.world.restored().flows) == ["run-2"]


def test_its_clock_has_to_be_the_one_that_is_set() -> None:
    story = given(*over(RUN), *over("run-2"), policy=ONE)
    wrong = CancellationClock(flow_run_id=RUN, clock=Clock.FORGET, due_at=story.world.now_ms)
    story.when(wrong).then_refused("stale")


def test_how_many_there_are_is_counted_within_a_transaction_too() -> None:
    world = given(*over(RUN), *over("run-2"), policy=ONE).world
    core = world.begin()
    for number, flow_run_id in enumerate([RUN, "run-2"]):
        due_ms = flow_clocks(world.flow(flow_run_id), ONE)[Clock.FORGET]
        request = CancellationClock(flow_run_id=flow_run_id, clock=Clock.FORGET, due_at=due_ms)
        asked = world.asked(request, "stop")
        core.answer(request, asked._replace(offset=asked.offset + number))

    assert told(core.recorder.entries) == ["flow.forgotten", "request.refused early"]


def test_what_is_open_makes_no_room_and_takes_none() -> None:
    story = given(runner, flow, with_body, *over("run-2"), policy=ONE)
    story.when(forgets_now("run-2")).then_refused("early")
    never = CancellationClock(flow_run_id=RUN, clock=Clock.FORGET, due_at=story.world.now_ms)
    story.when(*over("run-3"), never).then_refused("stale")


def with_an_unwaited_child() -> Scenario:
    """It has ended, and a child of it runs on; and there is another that has ended."""
    running = (child("t", cascade=CascadePolicy.NONE), granted("t"))
    past = (runner, flow, with_body, *running, body_ended(), swept, *over("run-3"))
    return given(*past, policy=ONE)


@pytest.mark.parametrize("then", [[], [restarted]], ids=["at once", "after a restart"])
def test_it_is_kept_while_a_child_of_it_runs(then: list[Step]) -> None:
    story = with_an_unwaited_child().when(*then)
    assert story.world.flow().children == 1
    # It is not counted either: nothing would be gained by another one's going.
    story.when(forgets_now("run-3")).then_refused("early")
    story.when(*over("run-4"), *then, forgets_now()).then_refused("early")
    story.when(*then, child_finished()).when(swept, *then, forgets_now()).then("flow.forgotten")


def test_it_is_kept_until_its_parent_has_been_told() -> None:
    link = ParentLink(flow_run_id="parent", task_run_id="t")
    ends = (FlowRegister(flow_run_id=RUN, parent=link), FlowCancel(flow_run_id=RUN))
    story = given(*ends, *over("run-2"), policy=ONE)
    far = CancellationClock(flow_run_id=RUN, clock=Clock.FORGET, due_at=story.world.now_ms)
    story.when(far).then_refused("stale")
    story.when(forgets_now("run-2")).then_refused("early")

    story.world.send_errands()

    story.when(forgets_now()).then("flow.forgotten")


@pytest.mark.parametrize("over_by", ["done", None], ids=["over", "under way"])
def test_it_is_kept_while_something_of_it_is_torn_down(over_by: Literal["done"] | None) -> None:
    story = given(*over(RUN), *over("run-2"), policy=ONE)
    ordered = Teardown(HANDLE, "e", again_ms=0, until_ms=0, over=over_by)
    story.world.base.put_flow(RUN, story.world.flow()._replace(teardowns={A: ordered}))
    if over_by is None:
        story.when(forgets_now()).then_refused("early")
    else:
        story.when(forgets_now()).then("flow.forgotten")


def test_what_is_in_quarantine_is_kept() -> None:
    story = given(*over(RUN), quarantine, *over("run-2"), policy=ONE)
    assert story.world.base.flows[RUN].quarantined
    story.when(forgets_now("run-2")).then_refused("early")


def test_a_gone_runner_is_forgotten_before_its_time_only_if_there_are_too_many() -> None:
    story = given(runner, other_runner, lost(A), policy=ONE)
    story.when(forgets_runner_now(A)).then_refused("early")
    story.when(lost(B), forgets_runner_now(A)).then("runner.forgotten")
    story.when(restarted, forgets_runner_now(B)).then_refused("early")


def test_a_gone_runner_with_open_work_makes_no_room() -> None:
    chunks = Policy(finished_max=1, sweep_chunk=1)
    begun = (runner, flow, with_body, registered("t1"), granted("t1"))
    story = given(*begun, RunnerLost(runner_id=B), lost(A), policy=chunks)
    story.when(forgets_runner_now(A)).then_refused("open_work")
    story.when(swept, forgets_runner_now(A)).then("runner.forgotten")
