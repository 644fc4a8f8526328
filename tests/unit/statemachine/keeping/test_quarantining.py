"""An impossible event closes its flow run to everything, and nothing else."""

import pytest

from rescind.events.journal import Entry, FlowQuarantined, RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import (
    CancellationClock,
    Clock,
    ExecutorReport,
    FlowRegister,
    InfrastructureReport,
)
from rescind.events.words import End, Handle
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, Step, given, later, restarted, swept
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
    lost,
    other_runner,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import RUN, World


def quarantine(world: World) -> list[Entry]:
    core = world.begin()
    asked = world.asked(cancel, "stop")
    core.quarantine(
        asked,
        RUN,
        Happened(RequestRefused(code=Code.INTERNAL_ERROR, message="it broke")),
        Happened(FlowQuarantined(error="it broke")),
    )
    world.took(asked)
    return world.commit(core)


def quarantined(*past: Step, policy: Policy | None = None) -> Scenario:
    begun = given(runner, other_runner, flow, with_body, policy=policy)
    return begun.when(registered("t1", "t2"), granted("t1", by=B), *past, quarantine)


REPORT = InfrastructureReport(
    flow_run_id=RUN,
    runner_id=B,
    target_runner_id=A,
    outcome="done",
    handle=Handle(kind="process", scope="host:x", identity={"pid": 1}),
)


@pytest.mark.parametrize(
    "asking",
    [
        cancel,
        cancel_task("t1"),
        registered("t3"),
        granted("t2"),
        ended("t1", by=B),
        body_ended(),
        finished(),
        started,
        REPORT,
        ExecutorReport(flow_run_id=RUN, runner_id=A, outcome="failed", message="x"),
    ],
)
def test_it_refuses_everything(asking: Step) -> None:
    closed = quarantined()
    before = closed.world.flow()

    closed.when(asking).then_refused("quarantined")

    assert closed.world.flow() == before


def test_what_has_ended_before_is_still_told_so() -> None:
    over = given(runner, flow, with_body, body_ended(), quarantine)

    over.when(cancel).then_refused("already_finished")
    over.when(finished(End.FAILED)).then("flow.late_report")


def test_the_state_says_so_and_a_restart_remembers_it() -> None:
    closed = quarantined()
    assert closed.world.flow().quarantined

    closed.when(restarted, cancel).then_refused("quarantined")


def test_the_rest_of_the_partition_goes_on() -> None:
    other = FlowRegister(flow_run_id="run-2")

    quarantined().when(other, registered("t1", run="run-2")).then("task.registered t1")


def test_its_clocks_stand_still() -> None:
    closed = quarantined(cancel)
    assert closed.world.clocks() == {}

    due = CancellationClock(
        flow_run_id=RUN, clock=Clock.DEADLINE, due_at=closed.world.now_ms + 300_000
    )
    closed.when(later(400), due).then_refused("stale")


def test_the_clocks_of_its_task_runs_stand_still_too() -> None:
    closed = quarantined(cancel_task("t1"))
    assert closed.world.clocks("t1") == {}
    due = CancellationClock(
        flow_run_id=RUN,
        task_run_id="t1",
        clock=Clock.DEADLINE,
        due_at=closed.world.now_ms + 300_000,
    )

    closed.when(later(400), due).then_refused("stale")


def test_it_is_not_forgotten_though_it_ended_before() -> None:
    over = given(runner, flow, with_body, body_ended(), quarantine)
    assert over.world.clocks() == {}
    week = Policy().forget_after_seconds

    due_ms = over.world.now_ms + round(week * 1000)
    due = CancellationClock(flow_run_id=RUN, clock=Clock.FORGET, due_at=due_ms)
    over.when(later(week), due).then_refused("stale")


def test_nothing_of_it_is_swept() -> None:
    closed = quarantined(registered("t3", "t4"), cancel, policy=Policy(sweep_chunk=1))
    before = closed.world.states(["t2", "t3", "t4"])

    closed.when(swept).then()

    assert closed.world.states(["t2", "t3", "t4"]) == before
    closed.when(restarted, swept).then()


def test_the_loss_of_a_runner_passes_it_by_and_still_ends_everything_else() -> None:
    closed = quarantined(policy=Policy(sweep_chunk=1))
    closed.when(FlowRegister(flow_run_id="run-2", runner_id=B))

    closed.when(lost(B), swept)

    assert closed.world.task("t1").state == "Running"
    assert closed.world.flow("run-2").state == "Finished.Failed.Crashed"
    assert closed.world.owed == {}
