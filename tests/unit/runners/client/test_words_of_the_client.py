"""What a runner says and is told: nothing of it is lost over a detail, and nothing done twice."""

import copy
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest

from rescind.errors import (
    RefusedError,
    RescindError,
    RunnerClosedError,
    RunnerLostError,
    WouldWaitError,
)
from rescind.events import intents as wire
from rescind.events.words import Handle, How, Mode
from rescind.runners.client import Ended, Grant, Scope, TaskSpec
from rescind.runners.client.clock import boot_seconds
from rescind.runners.client.hearing.reading import read_told
from rescind.runners.client.hearing.repeats import Repeats


def flow_intent(mode: Mode = Mode.GRACEFUL, cancellation_id: str = "c") -> wire.CancelFlow:
    return wire.CancelFlow(
        flow_run_id="f",
        cancellation_id=cancellation_id,
        mode=mode,
        grace_seconds=30,
        deadline_at=0,
    )


def teardown() -> wire.StopInfrastructure:
    handle = Handle(kind="process", scope="here", identity={"pid": 1})
    return wire.StopInfrastructure(flow_run_id="f", target_runner_id="r", handle=handle)


def test_a_grant_is_usable_for_its_seconds_and_no_longer() -> None:
    now = 100.0
    grant = Grant("f", "t", 1, valid_seconds=30, read_at_seconds=now, clock=lambda: now)
    assert grant.is_usable()
    now = 130.0
    assert grant.is_usable()
    now = 130.1
    assert not grant.is_usable()


def test_the_clock_of_grants_never_runs_backwards() -> None:
    assert boot_seconds() <= boot_seconds()


def test_an_intent_is_new_once_and_its_escalation_once() -> None:
    repeats = Repeats()
    told = [flow_intent(), flow_intent(), flow_intent(Mode.ABORT), flow_intent(Mode.ABORT)]
    assert [repeats.is_new(each) for each in told] == [True, False, True, False]


def test_a_reminder_older_than_the_escalation_is_not_new() -> None:
    repeats = Repeats()
    assert repeats.is_new(flow_intent(Mode.ABORT))
    assert not repeats.is_new(flow_intent())


def test_another_cancellation_of_the_same_flow_run_is_new() -> None:
    repeats = Repeats()
    assert repeats.is_new(flow_intent())
    assert repeats.is_new(flow_intent(cancellation_id="d"))


def test_the_memory_of_intents_is_bounded() -> None:
    repeats = Repeats(kept=2)
    for number in range(3):
        repeats.is_new(flow_intent(cancellation_id=str(number)))
    assert not repeats.is_new(flow_intent(cancellation_id="2"))
    assert repeats.is_new(flow_intent(cancellation_id="0"))


def test_a_teardown_is_new_again_after_it_failed() -> None:
    repeats = Repeats()
    assert repeats.is_new_teardown(teardown())
    assert not repeats.is_new_teardown(teardown())
    repeats.forget_teardown("f", "r")
    assert repeats.is_new_teardown(teardown())


def test_a_teardown_that_a_cancel_asks_for_again_is_no_other() -> None:
    repeats = Repeats()
    assert repeats.is_new_teardown(teardown())
    assert not repeats.is_new_teardown(teardown().model_copy(update={"cancellation_id": "c"}))


def test_a_code_of_a_newer_service_costs_no_intent() -> None:
    refusal = {"request_id": "q", "code": "invented_later", "message": "m"}
    body = {
        "type": "inbox.v1",
        "runner_id": "r",
        "refusals": [refusal, refusal | {"code": "stale"}],
        "cancel_flow": [orjson.loads(flow_intent().model_dump_json())],
        "invented": {"later": True},
    }
    told = read_told(wire.Inbox, orjson.dumps(body))
    assert told is not None
    assert [intent.flow_run_id for intent in told.cancel_flow] == ["f"]
    assert [refusal.code for refusal in told.refusals] == ["stale"]


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{", b"{}", b'"inbox"'])
def test_what_is_no_inbox_record_is_nothing(value: bytes | None) -> None:
    assert read_told(wire.Inbox, value) is None


def test_an_error_is_cut_and_not_refused() -> None:
    try:
        raise ValueError("x" * 10_000)
    except ValueError as error:
        item = Ended.failed(error).of_task("t", 1)
    assert item.error is not None
    assert item.error.type == "ValueError"
    assert len(item.error.message) == 8_000
    assert item.error.traceback is not None
    assert "raise ValueError" in item.error.traceback


def test_evidence_that_cannot_be_kept_is_left_out_and_said_to_be() -> None:
    for evidence in ({"log": "x" * 20_000}, {"ratio": float("nan")}):
        item = Ended.cancelled(How.FORCED, evidence=evidence).of_task("t", 1)
        assert "expected" in str(item.evidence["evidence_left_out"])
    assert Ended.success(evidence={"took_ms": 3}).of_task("t", 1).evidence == {"took_ms": 3}


def test_a_reference_that_is_too_long_is_refused_and_not_cut() -> None:
    with pytest.raises(ValueError, match="at most 2000 characters, but it has 3000"):
        Ended.success("s" * 3_000)


def test_a_retry_names_its_moment_with_its_zone() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    item = Ended.timed_out(retry_at=at).of_task("t", 1)
    assert item.retry_at == int(datetime(2026, 1, 1, 10, tzinfo=UTC).timestamp() * 1000)
    with pytest.raises(ValueError, match="time zone"):
        Ended.failed(retry_at=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_a_child_names_its_flow_run() -> None:
    item = TaskSpec("t", child_flow_run_id="g").item()
    assert (item.kind, item.child_flow_run_id) == ("child", "g")
    assert TaskSpec("t").item().kind == "task"


def test_a_host_is_the_same_scope_for_all_its_processes() -> None:
    assert Scope.host() == Scope.host()
    assert str(Scope.host()).startswith("host:")
    with pytest.raises(ValueError, match="1 to 256"):
        Scope("")


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("flow.register", "already_finished", "expected a, but b", "Do c."),
        RunnerLostError("r", "silent"),
        RunnerClosedError("start"),
        WouldWaitError("start"),
    ],
)
def test_errors_of_the_client_cross_processes_whole(error: RescindError) -> None:
    assert str(copy.copy(error)) == str(error)
    assert error.__reduce__()[1] == error.args
    assert str(error).startswith("expected ")
    assert ";" in str(error)
