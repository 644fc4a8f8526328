"""The end of a cancelling flow run, and the account that it gives."""

from rescind.events.journal import Account, FlowCancelled, FlowFailed
from rescind.events.requests import Clock
from rescind.events.words import Actor, End, How
from rescind.statemachine.policy import Policy
from tests.scenario import Scenario, given, later, restarted, swept
from tests.words import (
    A,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    lost,
    registered,
    runner,
    started,
    stopped,
    strikes,
    with_body,
)
from tests.world import NOON_MS


def running(*ids: str, policy: Policy | None = None) -> Scenario:
    return given(runner, flow, with_body, registered(*ids), granted(*ids), policy=policy)


def account(over: Scenario) -> Account:
    event = over.entries[-1].event
    assert isinstance(event, FlowCancelled | FlowFailed)
    assert event.account is not None
    return event.account


def test_it_ends_in_the_same_transaction_as_its_last_task_run() -> None:
    over = (
        running("t1").when(cancel, body_ended()).then("task.succeeded body", "flow.body_finished")
    )

    over.when(stopped("t1")).then("task.cancelled t1 graceful", "flow.cancelled")

    report, end = over.entries
    assert (end.source, end.request_id) == (None, None)
    assert end.cause == report.id
    assert end.id == f"{over.world.flow().registered_id}@{end.version}"


def test_the_end_names_the_event_that_led_to_it_and_not_a_refusal_beside_it() -> None:
    over = running("t1").when(cancel, body_ended(), ended("t9", "t1"))

    over.then("request.refused unknown_task", "task.succeeded t1", "flow.cancelled")
    assert over.entries[2].cause == over.entries[1].id


def test_the_end_after_a_sweep_names_what_was_swept_last() -> None:
    over = given(flow, registered("t1", "t2", "t3"), policy=Policy(sweep_chunk=2))

    over.when(cancel, swept).then("task.cancelled t3 never_started", "flow.cancelled")
    assert over.entries[1].cause == over.entries[0].id


def test_while_something_is_left_to_sweep_it_does_not_end() -> None:
    over = running("t1", policy=Policy(sweep_chunk=1)).when(registered("t2", "t3"), cancel)

    over.when(ended("t1"), body_ended()).then("task.succeeded body", "flow.body_finished")
    assert over.world.flow().state == "Running.Cancelling"
    over.when(swept).then("task.cancelled t3 never_started", "flow.cancelled")


def test_the_account_counts_each_task_run_once_and_not_the_body() -> None:
    over = running("ok", "bad", "soft", "hard", "retry", "alone", "held")
    over.when(
        registered("idle-1", "idle-2"),
        ended("retry", end=End.FAILED, retry_at=NOON_MS),
        stopped("alone"),
        cancel,
        later(12),
        ended("ok"),
        ended("bad", end=End.TIMED_OUT),
        stopped("soft"),
        stopped("hard", how=How.FORCED, stopped_confirmed=False),
        registered("born"),
        acknowledged("body"),
    )
    over.when(body_ended())

    assert account(over) == Account(
        cancelled=4,
        never_started=3,
        not_retried=1,
        succeeded=1,
        failed=1,
        unconfirmed=2,
        took_ms=12_000,
    )


def test_with_all_ended_well_before_any_was_stopped_nothing_was_cancelled() -> None:
    over = running("t1", "t2").when(cancel, ended("t1", "t2"), body_ended())

    over.then("task.succeeded body", "flow.body_finished", "flow.cancelled")
    assert account(over) == Account(succeeded=2)


def test_a_body_that_was_stopped_unconfirmed_is_not_counted() -> None:
    over = running("t1").when(cancel, ended("t1"), strikes(Clock.DEADLINE))

    over.then("cancellation.clock_fired", "task.cancelled body deadline", "flow.cancelled")
    assert account(over) == Account(succeeded=1, took_ms=300_000)


def test_what_was_cancelled_before_its_flow_run_started_is_in_the_account() -> None:
    over = given(flow, registered("t1", "t2"), cancel_task("t1")).when(cancel)

    assert account(over) == Account(never_started=2)


def test_the_account_is_the_same_after_a_restart_and_after_the_stubs_are_gone() -> None:
    over = running("t1", "t2").when(ended("t1"), cancel, restarted, stopped("t2"))
    over.when(restarted, body_ended())
    said = account(over)
    assert said == Account(cancelled=1, succeeded=1)

    over.when(swept, restarted)

    cancellation = over.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.account == said


def test_the_end_that_a_loss_leads_to_carries_an_account_too() -> None:
    over = running("t1").when(registered("t2")).when(lost())

    assert over.entries[-1].event.type == "flow.failed.v1"
    assert account(over) == Account(never_started=1, failed=1, unconfirmed=1)
    cancellation = over.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.account == account(over)


def test_the_end_carries_who_asked_and_why() -> None:
    ada = Actor(kind="user", id="ada")
    asking = cancel.model_copy(update={"actor": ada})

    over = running("t1").when(asking, stopped("t1"), stopped("body"))

    end = over.entries[-1].event
    assert isinstance(end, FlowCancelled)
    assert over.entries[-1].actor == ada
    cancellation = over.world.flow().cancellation
    assert cancellation is not None
    assert (end.cancellation_id, end.reason) == (cancellation.id, "enough")


def test_a_flow_run_that_nobody_cancels_does_not_end_when_nothing_is_open() -> None:
    idle = given(runner, flow, started, registered("t1"), granted("t1"), ended("t1"))

    idle.then("task.succeeded t1")
    assert (idle.world.flow().state, idle.world.flow().runner_id) == ("Running", A)
