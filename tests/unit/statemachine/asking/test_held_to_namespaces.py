"""Whoever is held to namespaces cancels there alone, and learns nothing of what is elsewhere."""

from rescind.events.requests import FlowCancel, FlowRegister, TaskCancel
from tests.scenario import given
from tests.words import granted, registered, runner, started
from tests.world import RUN

OURS = FlowRegister(flow_run_id=RUN, name="nightly", namespace="etl")


def asked_from(*namespaces: str) -> FlowCancel:
    return FlowCancel(flow_run_id=RUN, namespaces=namespaces)


def task_asked_from(*namespaces: str) -> TaskCancel:
    return TaskCancel(flow_run_id=RUN, task_run_id="t1", namespaces=namespaces)


def test_a_flow_run_of_their_own_is_cancelled() -> None:
    asked = given(runner, OURS, started).when(asked_from("web", "etl"))

    assert asked.world.flow().state == "Finished.Cancelled"


def test_a_flow_run_elsewhere_is_answered_like_one_that_is_not_there() -> None:
    elsewhere = given(runner, OURS, started).when(asked_from("web")).then_refused("unknown_run")
    nowhere = given(runner).when(asked_from("web")).then_refused("unknown_run")

    assert elsewhere.refusals()[-1].message == nowhere.refusals()[-1].message


def test_an_ended_flow_run_elsewhere_does_not_show_that_it_has_ended() -> None:
    ended = given(runner, OURS, started).when(FlowCancel(flow_run_id=RUN))

    ended.when(asked_from("web")).then_refused("unknown_run")


def test_an_unknown_id_is_not_armed_since_it_may_come_to_be_anywhere() -> None:
    asked = given(runner).when(asked_from("etl"))
    asked.then_refused("unknown_run")

    assert asked.when(OURS).world.flow().state == "Pending"


def test_a_task_run_goes_by_the_namespace_of_its_flow_run() -> None:
    running = given(runner, OURS, started, registered("t1"), granted("t1"))

    refused = running.when(task_asked_from("web")).then_refused("unknown_run")
    assert refused.world.task("t1").state == "Running"
    assert running.when(task_asked_from("etl")).world.task("t1").state == "Running.Cancelling"
