"""The end of a lost runner from outside: what waits for it, for how long, and what it ends as."""

from typing import Any

import pytest

from rescind.events.requests import Clock, FlowRegister
from rescind.events.words import Clocks, Handle
from rescind.statemachine.audit.findings import FindingCode, Findings
from rescind.statemachine.audit.owners import find_unowned
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from tests.scenario import given, later, restarted, swept
from tests.unit.statemachine.ending.teardowns import (
    OF_ANOTHER,
    SHARED,
    ends_in,
    running,
    teardown_in,
)
from tests.words import (
    HANDLE,
    B,
    C,
    abort,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    leaves,
    lost,
    outside,
    registered,
    runner,
    strikes,
    torn_down,
    with_body,
    within,
)
from tests.world import NOON_MS, RUN, World


def test_what_a_lost_runner_held_waits_for_the_end_of_its_infrastructure() -> None:
    story = running(outside).when(cancel, lost(B))

    story.then("runner.lost", "infrastructure.teardown asked")
    asked = teardown_in(story)
    assert (asked.target_runner_id, asked.runner_id, asked.handle) == (B, C, HANDLE)
    assert asked.cancellation_id == story.world.flow().cancellation.id  # type: ignore[union-attr]
    assert story.world.states(["t1", "t2"]) == ["Running", "Running"]


def test_it_ends_on_the_evidence_of_the_teardown() -> None:
    story = running(outside).when(cancel, lost(B), torn_down("started"))
    story.then("infrastructure.teardown started")

    story.when(torn_down(evidence={"exit_code": 137})).then(
        "infrastructure.teardown done", "task.cancelled t1 forced", "task.cancelled t2 forced"
    )
    done = story.entries[0]
    assert [entry.cause for entry in story.entries[1:]] == [done.id, done.id]
    assert {end.stopped_confirmed for end in ends_in(story)} == {True}
    assert ends_in(story)[0].evidence == {"teardown": done.id}
    story.when(body_ended()).then("task.succeeded body", "flow.body_finished", "flow.cancelled")
    account = story.world.flow().cancellation.account  # type: ignore[union-attr]
    assert account is not None
    assert (account.cancelled, account.unconfirmed) == (2, 0)


def test_without_evidence_it_ends_at_the_deadline_unconfirmed() -> None:
    story = running(outside).when(cancel, lost(B))
    assert story.world.clocks()["deadline"] == NOON_MS + 300_000

    story.when(strikes(Clock.DEADLINE)).then(
        "cancellation.clock_fired", "task.cancelled body deadline"
    )
    assert story.world.clocks()["teardown"] <= NOON_MS + 300_000
    story.when(strikes(Clock.TEARDOWN)).then(
        "infrastructure.teardown given_up",
        "task.cancelled t1 runner_lost",
        "task.cancelled t2 runner_lost",
        "flow.cancelled",
    )
    assert {end.stopped_confirmed for end in ends_in(story)} == {False}


def test_an_abort_brings_the_end_of_the_waiting_nearer() -> None:
    story = running().when(cancel, lost(B), abort, later(30), strikes(Clock.TEARDOWN))

    assert story.world.now_ms == NOON_MS + 30_000
    story.then(
        "infrastructure.teardown given_up",
        "task.cancelled t1 runner_lost",
        "task.cancelled t2 runner_lost",
    )


def test_in_a_flow_run_that_nobody_cancels_it_has_crashed_after_the_teardown() -> None:
    story = running(outside).when(lost(B)).then("runner.lost", "infrastructure.teardown asked")
    assert story.world.flow().state == "Running"
    assert teardown_in(story).cancellation_id is None

    story.when(torn_down()).then(
        "infrastructure.teardown done", "task.failed t1 crashed", "task.failed t2 crashed"
    )
    assert {end.stopped_confirmed for end in ends_in(story)} == {True}
    assert story.world.flow().state == "Running"


def test_there_it_has_crashed_at_the_latest_when_a_cancellation_would_have_ended_it() -> None:
    own = FlowRegister(flow_run_id=RUN, clocks=Clocks(deadline_seconds=20))
    story = given(runner, within(), own, with_body, registered("t1"), granted("t1", by=B))
    story.when(lost(B), later(20), strikes(Clock.TEARDOWN))

    assert story.world.now_ms == NOON_MS + 20_000
    story.then("infrastructure.teardown given_up", "task.failed t1 crashed")
    assert [end.stopped_confirmed for end in ends_in(story)] == [False]


def test_a_cancel_meanwhile_bounds_it_by_its_deadline_and_names_the_end() -> None:
    soon = cancel.model_copy(update={"deadline_seconds": 5.0})
    story = running().when(lost(B), soon, later(5), strikes(Clock.TEARDOWN))

    assert story.world.now_ms == NOON_MS + 5_000
    story.then(
        "infrastructure.teardown given_up",
        "task.cancelled t1 runner_lost",
        "task.cancelled t2 runner_lost",
    )


def test_with_the_body_the_flow_run_crashes_at_once_and_the_body_ends_after_the_teardown() -> None:
    bodied = given(outside, within(), flow, registered("t1"))
    bodied.when(with_body.model_copy(update={"runner_id": B}), granted("t1", by=B))

    bodied.when(lost(B)).then("runner.lost", "flow.cancelling", "infrastructure.teardown asked")
    bodied.when(torn_down()).then(
        "infrastructure.teardown done",
        "task.failed body crashed",
        "task.failed t1 crashed",
        "flow.failed crashed",
    )


def test_a_flow_run_that_its_lost_runner_owned_has_it_torn_down_also_after_its_end() -> None:
    owned = given(outside, within(), FlowRegister(flow_run_id=RUN, runner_id=B))

    owned.when(lost(B)).then(
        "runner.lost", "flow.cancelling", "infrastructure.teardown asked", "flow.failed crashed"
    )
    owned.when(strikes(Clock.TEARDOWN)).then("infrastructure.teardown asked")
    owned.when(torn_down("failed"), torn_down()).then("infrastructure.teardown done")
    assert "teardown" not in owned.world.clocks()


def test_one_whose_flow_run_is_being_cancelled_already_is_torn_down_too() -> None:
    owned = given(outside, within(), runner, FlowRegister(flow_run_id=RUN, runner_id=B))
    owned.when(with_body.model_copy(update={"runner_id": B}), registered("t1"), granted("t1"))

    owned.when(ended("body", by=B)).then_refused("open_work")
    owned.when(cancel, ended("body", by=B), lost(B)).then(
        "runner.lost", "infrastructure.teardown asked"
    )


@pytest.mark.parametrize("handle", [SHARED, OF_ANOTHER])
def test_what_is_shared_is_torn_down_with_its_lost_runner_and_nothing_waits_for_it(
    handle: Handle,
) -> None:
    story = running(outside, handle=handle).when(cancel, lost(B))

    story.then(
        "runner.lost",
        "infrastructure.teardown asked",
        "task.cancelled t1 runner_lost",
        "task.cancelled t2 runner_lost",
    )
    assert story.entries[-1].cause == story.entries[0].id
    story.when(torn_down(handle=handle)).then("infrastructure.teardown done")


def test_a_runner_that_leaves_with_open_attempts_is_torn_down_as_a_lost_one() -> None:
    running(outside).when(leaves(B)).then("runner.left", "infrastructure.teardown asked")


def test_a_runner_that_leaves_nothing_behind_is_not_torn_down() -> None:
    running(outside).when(ended("t1", "t2", by=B), leaves(B)).then("runner.left")


def test_what_the_lost_runner_still_reports_counts() -> None:
    story = running(outside).when(cancel, lost(B), ended("t1", by=B)).then("task.succeeded t1")

    story.when(torn_down()).then("infrastructure.teardown done", "task.cancelled t2 forced")


def test_a_lost_runner_is_told_of_no_cancel_any_more() -> None:
    story = running(outside).when(lost(B), cancel_task("t1")).then("task.cancelling t1")
    assert "acknowledge" not in story.world.clocks("t1")

    story.when(cancel, acknowledged("body"))
    assert "acknowledge" not in story.world.clocks()


def test_a_task_run_that_is_cancelled_alone_ends_at_its_own_deadline() -> None:
    story = running(outside).when(cancel_task("t1"), lost(B))
    story.then("runner.lost", "infrastructure.teardown asked")

    story.when(strikes(Clock.DEADLINE, "t1")).then(
        "cancellation.clock_fired t1", "task.cancelled t1 deadline"
    )


def test_many_attempts_wait_together_and_end_in_chunks() -> None:
    story = running(outside, policy=Policy(sweep_chunk=1))

    story.when(lost(B), swept)
    assert story.world.states(["t1", "t2"]) == ["Running", "Running"]
    story.when(torn_down(), swept)
    assert story.world.states(["t1", "t2"]) == ["Finished.Failed.Crashed"] * 2


def test_a_restart_forgets_nothing_of_it() -> None:
    story = running(outside).when(cancel, lost(B), restarted, swept).then()
    before = story.world.clocks()

    story.when(restarted, swept)
    assert story.world.clocks() == before
    story.when(strikes(Clock.TEARDOWN)).then("infrastructure.teardown asked")
    story.when(restarted, swept, torn_down()).then(
        "infrastructure.teardown done", "task.cancelled t1 forced", "task.cancelled t2 forced"
    )


@pytest.mark.parametrize("at_deadline", [False, True])
def test_a_restart_in_between_goes_on_with_the_evidence(at_deadline: bool) -> None:
    story = running(outside, policy=Policy(sweep_chunk=1)).when(cancel, body_ended())
    story.when(strikes(Clock.DEADLINE) if at_deadline else lost(B), swept)
    story.when(torn_down(), restarted, swept)

    account = story.world.flow().cancellation.account  # type: ignore[union-attr]
    assert account is not None
    assert (account.cancelled, account.unconfirmed) == (2, 0)


def test_in_quarantine_nothing_of_it_moves() -> None:
    def quarantined(world: World) -> list[Any]:
        world.base.put_flow(RUN, world.flow()._replace(quarantined=True))
        return []

    story = running().when(lost(B), quarantined)

    assert story.world.clocks() == {}
    story.when(outside).then("runner.registered")
    story.when(torn_down()).then_refused("quarantined")


def test_while_it_is_waited_for_the_audit_finds_nothing_that_is_stuck() -> None:
    story = running(outside).when(lost(B))
    assert story.world.auditor.findings() == []

    story.when(cancel, strikes(Clock.DEADLINE))
    assert story.world.auditor.findings() == []


def test_without_a_teardown_the_audit_would_find_it() -> None:
    folded = Draft(Partition())
    for entry in running(outside).when(lost(B)).world.journal:
        folded.fold(entry)
    flow_run = folded.flows[RUN]
    assert flow_run is not None
    folded.flows[RUN] = flow_run._replace(teardowns={})

    findings = Findings()
    find_unowned(folded, findings)

    assert {found.code for found in findings.all()} == {FindingCode.NOT_OWNED}
