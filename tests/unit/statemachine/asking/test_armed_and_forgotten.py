"""Cancels that come before their flow run, and ids whose flow run is forgotten."""

from rescind.events.requests import CancellationClock, Clock, FlowCancel, FlowRegister, Lane
from rescind.events.words import Actor, Mode
from rescind.statemachine.answer import Core
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, later, restarted, swept
from tests.words import (
    A,
    abort,
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    registered,
    runner,
    started,
    strikes,
    with_body,
)
from tests.world import NOON_MS, RUN, World

DAY_MS = 86_400_000


def armed_ids(world: World) -> list[str]:
    return list(world.base.armed)


def test_a_cancel_of_an_unknown_flow_run_is_armed_for_a_day() -> None:
    asked = given().when(cancel).then("cancellation.armed")

    armed = asked.world.base.armed[RUN]
    assert (armed.request_id, armed.reason) == ("cancel-1", "enough")
    assert (armed.version, armed.event_id) == (1, asked.entries[0].id)
    assert armed.until_ms == NOON_MS + DAY_MS


def test_a_flow_run_registered_under_an_armed_id_is_born_cancelled() -> None:
    born = given(cancel).when(flow).then("flow.registered", "flow.cancelled")

    assert born.world.flow().state == "Finished.Cancelled"
    assert [entry.version for entry in born.world.journal] == [1, 2, 3]
    assert armed_ids(born.world) == []


def test_nothing_of_a_flow_run_that_was_born_cancelled_ever_starts() -> None:
    born = given(runner, cancel, flow)

    born.when(started).then_refused("already_finished")
    born.when(registered("t1")).then_refused("already_finished")
    born.when(granted("t1")).then_refused("already_finished")


def test_a_flow_run_that_was_born_cancelled_says_who_asked_and_why() -> None:
    ada = Actor(kind="user", id="ada")
    machine = Actor(kind="runner", id=A)
    asking = FlowCancel(
        flow_run_id=RUN, request_id="mine", actor=ada, reason="wrong", mode=Mode.ABORT
    )

    born = given(asking, later(5), FlowRegister(flow_run_id=RUN, request_id="reg", actor=machine))

    cancellation = born.world.flow().cancellation
    assert cancellation is not None
    assert (cancellation.request_id, cancellation.actor) == ("mine", ada)
    assert (cancellation.reason, cancellation.mode) == ("wrong", Mode.ABORT)
    assert cancellation.asked_ms == NOON_MS


def test_the_cancel_that_was_armed_is_a_duplicate_also_after_the_birth() -> None:
    asked = given().when(cancel)
    armed = asked.entries[0]

    asked.when(flow, cancel).then_refused("duplicate")

    assert asked.refusals()[0].first == armed.id


def test_a_second_cancel_of_an_unknown_flow_run_names_the_first() -> None:
    asked = given(cancel)
    armed = asked.world.base.armed[RUN]

    asked.when(cancel).then_refused("duplicate")
    assert asked.refusals()[0].first == armed.cancellation_id
    asked.when(abort).then_refused("already_cancelling")
    assert asked.refusals()[0].first == armed.cancellation_id
    assert asked.world.base.armed[RUN] == armed


def test_an_armed_cancel_lapses_at_its_time_and_the_flow_run_may_live() -> None:
    lapsed = given(cancel).when(strikes(Clock.ARMED)).then("cancellation.lapsed")

    lapsed.when(flow).then("flow.registered")


def test_an_armed_cancel_survives_a_restart() -> None:
    given(cancel, restarted).when(flow).then("flow.registered", "flow.cancelled")


def test_a_refused_registration_leaves_the_cancel_armed() -> None:
    owned = FlowRegister(flow_run_id=RUN, runner_id=A)

    given(cancel).when(owned).then_refused("unknown_runner")
    given(cancel, owned).when(flow).then("flow.registered", "flow.cancelled")


def test_beyond_the_limit_the_oldest_lapses() -> None:
    few = given(policy=Policy(armed_max=2))

    few.when(*(FlowCancel(flow_run_id=f"run-{n}") for n in (1, 2)))
    few.when(FlowCancel(flow_run_id="run-3")).then("cancellation.armed", "cancellation.lapsed")

    assert armed_ids(few.world) == ["run-2", "run-3"]


def test_the_oldest_is_the_one_armed_longest_ago_also_if_its_id_was_armed_before() -> None:
    few = given(policy=Policy(armed_max=2))
    again = (cancel, strikes(Clock.ARMED), FlowCancel(flow_run_id="run-2"))

    few.when(*again, FlowCancel(flow_run_id=RUN), FlowCancel(flow_run_id="run-3"))

    assert armed_ids(few.world) == [RUN, "run-3"]


def test_within_one_transaction_too_the_oldest_lapses_first() -> None:
    world = World(Policy(armed_max=1))
    core = world.begin()
    for number in range(3):
        _answer(world, core, FlowCancel(flow_run_id=f"run-{number}"), offset=number)

    world.commit(core)

    assert armed_ids(world) == ["run-2"]


def test_the_order_of_arming_within_one_transaction_is_the_one_that_is_written() -> None:
    world = given(cancel).world
    world.now_ms = world.base.armed[RUN].until_ms
    lapse = CancellationClock(flow_run_id=RUN, clock=Clock.ARMED, due_at=world.now_ms)
    core = world.begin()
    _answer(world, core, lapse, offset=10)
    _answer(world, core, FlowCancel(flow_run_id="run-2"), offset=11)
    _answer(world, core, cancel, offset=12)
    world.commit(core)

    assert armed_ids(world) == list(world.restored().armed) == ["run-2", RUN]


def _answer(world: World, core: Core, request: FlowCancel | CancellationClock, offset: int) -> None:
    lane: Lane = "stop"
    asked = world.asked(request, lane)._replace(offset=offset)
    world.took(asked)
    core.answer(request, asked)


def finished_with_stubs() -> Scenario:
    return given(
        runner, flow, with_body, registered("t1"), granted("t1"), ended("t1"), body_ended()
    )


def test_the_task_runs_of_a_finished_flow_run_are_dropped_and_its_stub_stays() -> None:
    over = finished_with_stubs().when(swept).then()

    assert over.world.base.tasks == {}
    assert over.world.flow().state == "Finished.Success"
    assert list(over.world.written.open) == [f"@runners/{A}", RUN]


def test_a_finished_flow_run_is_forgotten_after_a_week() -> None:
    over = finished_with_stubs().when(swept)
    assert over.world.clocks() == {"forget": NOON_MS + 7 * DAY_MS}

    over.when(strikes(Clock.FORGET)).then("flow.forgotten")

    assert RUN not in over.world.base.flows
    assert RUN not in over.world.written.open


def test_a_forgotten_id_is_unknown_and_may_begin_a_new_life() -> None:
    forgotten = finished_with_stubs().when(swept, strikes(Clock.FORGET))

    forgotten.when(cancel).then("cancellation.armed")
    forgotten.when(flow).then("flow.registered", "flow.cancelled")


def test_a_new_life_has_ids_of_its_own() -> None:
    life = (flow, with_body, cancel, ended("body"), swept)
    lives = given(runner, *life, strikes(Clock.FORGET), *life)

    first, second = (e.id for e in lives.world.journal if e.event.type == "flow.cancelled.v1")
    assert first != second
    assert lives.world.flow().version == int(second.rpartition("@")[2])


def test_what_lapses_twice_has_ids_of_its_own_each_time() -> None:
    ids = (RUN, "run-2", RUN, "run-2")
    few = given(*(FlowCancel(flow_run_id=one) for one in ids), policy=Policy(armed_max=1))

    lapsed = [e.id for e in few.world.journal if e.event.type == "cancellation.lapsed.v1"]
    assert len(set(lapsed)) == len(lapsed) == 3


def test_forgetting_takes_every_stub_with_it() -> None:
    quick = Policy(forget_after_seconds=0)
    over = given(runner, flow, with_body, registered("t1"), body_ended(), policy=quick)
    over.when(cancel, ended("body"))
    assert over.world.base.tasks != {}

    over.when(strikes(Clock.FORGET), flow, registered("t1")).then("task.registered t1")
    over.when(swept)

    assert list(over.world.base.tasks[RUN]) == ["t1"]


def test_an_early_and_a_stale_armed_clock_change_nothing() -> None:
    asked = given(cancel)
    due_ms = asked.world.base.armed[RUN].until_ms

    def clock(at_ms: int) -> CancellationClock:
        return CancellationClock(flow_run_id=RUN, clock=Clock.ARMED, due_at=at_ms)

    asked.when(clock(due_ms)).then_refused("early")
    asked.when(clock(due_ms - 1)).then_refused("stale")
    asked.when(strikes(Clock.ARMED), clock(due_ms)).then_refused("stale")
