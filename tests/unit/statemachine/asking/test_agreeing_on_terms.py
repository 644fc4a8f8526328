"""What is agreed when a cancellation begins, and how an abort changes it."""

import pytest

from rescind.events.journal import FlowCancelling, TaskCancelling
from rescind.events.requests import FlowCancel, FlowRegister, TaskCancel
from rescind.events.words import Actor, CascadePolicy, Clocks, Mode
from rescind.statemachine.draft import Draft
from tests.scenario import Scenario, given, later
from tests.words import (
    A,
    abort,
    acknowledged,
    cancel,
    flow,
    granted,
    registered,
    runner,
    with_body,
)
from tests.world import NOON_MS, RUN

SECONDS = 1_000


def running(*ids: str) -> Scenario:
    """A flow run with a body, and these task runs granted to its runner."""
    begun = given(runner, flow, with_body)
    return begun.when(registered(*ids), granted(*ids)) if ids else begun


def test_the_cancellation_says_who_asked_why_and_until_when() -> None:
    user = Actor(kind="user", id="ada")
    asking = FlowCancel(
        flow_run_id=RUN,
        request_id="mine",
        actor=user,
        reason="wrong data",
        cascade=CascadePolicy.REQUEST,
        bulk_id="bulk-1",
    )

    asked = running("t1").when(asking)

    terms = asked.world.flow().cancellation
    assert terms is not None
    assert terms.id == asked.entries[0].id
    assert (terms.request_id, terms.actor, terms.reason) == ("mine", user, "wrong data")
    assert (terms.mode, terms.named_end) == (Mode.GRACEFUL, "cancelled")
    assert (terms.cascade, terms.bulk_id) == (CascadePolicy.REQUEST, "bulk-1")
    begun = asked.entries[0].event
    assert isinstance(begun, FlowCancelling)
    assert begun.terms.acknowledge_at == NOON_MS + 15 * SECONDS
    assert terms.grace_seconds == 30
    assert terms.acknowledge_ms == NOON_MS + 15 * SECONDS
    assert terms.deadline_ms == NOON_MS + 300 * SECONDS
    assert terms.wait_ms == NOON_MS + 86_400 * SECONDS


def test_the_times_of_the_request_go_before_the_runs_and_those_before_the_settings() -> None:
    clocks = Clocks(acknowledge_seconds=5, grace_seconds=6, deadline_seconds=7, wait_seconds_max=8)
    own = FlowRegister(flow_run_id=RUN, clocks=clocks)

    asked = given(runner, own, with_body).when(FlowCancel(flow_run_id=RUN, grace_seconds=1))

    terms = asked.world.flow().cancellation
    assert terms is not None
    assert terms.grace_seconds == 1
    assert terms.acknowledge_ms == NOON_MS + 5 * SECONDS
    assert terms.deadline_ms == NOON_MS + 7 * SECONDS
    assert terms.wait_ms == NOON_MS + 8 * SECONDS


@pytest.mark.parametrize(
    "own, asked",
    [(None, FlowCancel(flow_run_id=RUN, grace_seconds=0)), (0, FlowCancel(flow_run_id=RUN))],
    ids=["asked for", "the flow run's own"],
)
def test_a_cancel_without_grace_is_an_abort(own: float | None, asked: FlowCancel) -> None:
    registered = FlowRegister(flow_run_id=RUN, clocks=Clocks(grace_seconds=own))

    terms = given(runner, registered, with_body).when(asked).world.flow().cancellation

    assert terms is not None
    assert (terms.mode, terms.grace_seconds) == (Mode.ABORT, 0)
    assert terms.deadline_ms == terms.wait_ms == NOON_MS + 30 * SECONDS


def test_an_abort_has_no_grace_and_a_near_deadline() -> None:
    terms = running("t1").when(abort).world.flow().cancellation

    assert terms is not None
    assert (terms.mode, terms.grace_seconds) == (Mode.ABORT, 0)
    assert terms.deadline_ms == terms.wait_ms == NOON_MS + 30 * SECONDS


def test_waiting_never_ends_before_the_deadline() -> None:
    asking = FlowCancel(flow_run_id=RUN, deadline_seconds=200_000)

    terms = running("t1").when(asking).world.flow().cancellation

    assert terms is not None
    assert terms.wait_ms == terms.deadline_ms == NOON_MS + 200_000 * SECONDS


def test_an_abort_of_a_graceful_one_escalates_it_and_the_first_stays_the_first() -> None:
    asked = running("t1").when(cancel)
    first = asked.world.flow().cancellation
    assert first is not None

    asked.when(later(5), abort).then("cancellation.escalated", "cancellation.sent")

    now = asked.world.flow().cancellation
    assert now is not None
    assert (now.id, now.request_id, now.actor) == (first.id, first.request_id, first.actor)
    assert (now.mode, now.grace_seconds) == (Mode.ABORT, 0)
    assert now.deadline_ms == NOON_MS + 35 * SECONDS


def test_an_abort_is_told_to_runners_that_have_acknowledged_already() -> None:
    running("t1").when(cancel, acknowledged("body", "t1")).when(abort).then(
        "cancellation.escalated", "cancellation.sent"
    )


def test_an_abort_never_prolongs() -> None:
    asking = FlowCancel(flow_run_id=RUN, deadline_seconds=10)

    asked = running("t1").when(asking, later(5), abort)

    terms = asked.world.flow().cancellation
    assert terms is not None
    assert terms.deadline_ms == NOON_MS + 10 * SECONDS


def test_a_second_abort_and_a_graceful_one_after_an_abort_are_refused() -> None:
    asked = running("t1").when(abort)

    asked.when(FlowCancel(flow_run_id=RUN, mode=Mode.ABORT)).then_refused("already_cancelling")
    asked.when(cancel).then_refused("already_cancelling")


def test_the_escalating_request_again_is_a_duplicate() -> None:
    asked = running("t1").when(cancel, abort)
    escalated = asked.entries[0]

    asked.when(abort).then_refused("duplicate")

    assert asked.refusals()[0].first == escalated.id


def test_the_first_request_and_the_last_sixteen_that_had_an_effect_are_remembered() -> None:
    asked = running("t1").when(cancel, abort)
    escalated, version = asked.entries[0], asked.world.flow().version
    # This release escalates once. Journals are folded whatever release has written them.
    draft = Draft(asked.world.base)
    for number in range(17):
        event_id, request_id = f"stop-0-{900 + number}-0", f"again-{number}"
        version += 1
        draft.fold(escalated._replace(id=event_id, request_id=request_id, version=version))
    draft.adopt()

    def asked_by(request_id: str) -> str:
        return asked.when(FlowCancel(flow_run_id=RUN, request_id=request_id)).refusals()[0].code

    assert asked_by("cancel-1") == "duplicate"
    assert {asked_by(f"again-{number}") for number in range(1, 17)} == {"duplicate"}
    assert asked.refusals()[0].first == "stop-0-916-0"
    assert [asked_by(gone) for gone in ("abort-1", "again-0")] == ["already_cancelling"] * 2


def test_a_repeat_that_had_no_effect_is_not_remembered() -> None:
    again = FlowCancel(flow_run_id=RUN, request_id="again")

    asked = running("t1").when(cancel, again).then_refused("already_cancelling")

    asked.when(again).then_refused("already_cancelling")


def test_the_terms_of_the_cancelling_of_one_task_run() -> None:
    said = TaskCancel(
        flow_run_id=RUN,
        task_run_id="t1",
        request_id="mine",
        reason="stuck",
        mode=Mode.GRACEFUL,
        grace_seconds=1,
        deadline_seconds=2,
    )

    asked = running("t1").when(said)

    terms = asked.world.task("t1").cancellation
    assert terms is not None
    assert (terms.id, terms.event_id) == (asked.entries[0].id, asked.entries[0].id)
    assert (terms.request_id, terms.reason, terms.mode) == ("mine", "stuck", Mode.GRACEFUL)
    assert (terms.grace_seconds, terms.deadline_ms) == (1, NOON_MS + 2_000)
    assert (terms.asked_ms, terms.acknowledge_ms) == (NOON_MS, NOON_MS + 15_000)
    assert terms.wait_ms == NOON_MS + 86_400_000
    assert terms.told == (A,)
    begun = asked.entries[0].event
    assert isinstance(begun, TaskCancelling)
    assert begun.terms.acknowledge_at == NOON_MS + 15_000
