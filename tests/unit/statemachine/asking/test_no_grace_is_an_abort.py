"""A grace of zero is an abort: in every answer to a cancel, and wherever the zero comes from."""

import pytest

from rescind.events.journal import FlowCancelled
from rescind.events.requests import FlowCancel, FlowRegister
from rescind.events.words import Clocks, Mode
from rescind.statemachine.policy import Policy
from tests.scenario import given
from tests.words import cancel, cancel_task, flow, granted, registered, runner, with_body
from tests.world import RUN

at_once = FlowCancel(flow_run_id=RUN, grace_seconds=0)
plain = FlowCancel(flow_run_id=RUN)
impatient = FlowRegister(flow_run_id=RUN, clocks=Clocks(grace_seconds=0))
NO_GRACE = Policy(grace_seconds=0)


@pytest.mark.parametrize(
    "registering, asking, policy",
    [(flow, at_once, None), (impatient, plain, None), (flow, plain, NO_GRACE)],
    ids=["of the request", "of the flow run", "of the settings"],
)
def test_of_a_flow_run_of_which_nothing_ever_ran(
    registering: FlowRegister, asking: FlowCancel, policy: Policy | None
) -> None:
    over = given(registering, policy=policy).when(asking).entries[-1].event
    assert isinstance(over, FlowCancelled)
    assert over.mode is Mode.ABORT


def test_a_grace_of_the_request_goes_before_a_flow_run_that_has_none() -> None:
    patient = FlowCancel(flow_run_id=RUN, grace_seconds=1)
    over = given(impatient).when(patient).entries[-1].event
    assert isinstance(over, FlowCancelled)
    assert over.mode is Mode.GRACEFUL


def test_of_a_flow_run_that_nobody_knows_yet() -> None:
    armed = given().when(at_once)
    assert armed.world.base.armed[RUN].mode is Mode.ABORT
    born = armed.when(flow).entries[-1].event
    assert isinstance(born, FlowCancelled)
    assert born.mode is Mode.ABORT


def test_it_escalates_a_graceful_cancellation_of_a_flow_run() -> None:
    begun = given(runner, flow, with_body, cancel)
    begun.when(at_once).then("cancellation.escalated", "cancellation.sent")
    begun.when(at_once).then_refused("already_cancelling")


def test_it_escalates_a_graceful_cancellation_of_one_task_run() -> None:
    begun = given(runner, flow, with_body, registered("t1"), granted("t1"), cancel_task("t1"))
    again = cancel_task("t1", grace_seconds=0, request_id="now")
    begun.when(again).then("cancellation.escalated t1", "cancellation.sent t1")


def test_an_abort_is_none_the_less_one_for_a_grace_that_it_names() -> None:
    asking = FlowCancel(flow_run_id=RUN, mode=Mode.ABORT, grace_seconds=9)
    over = given(flow).when(asking).entries[-1].event
    assert isinstance(over, FlowCancelled)
    assert over.mode is Mode.ABORT
