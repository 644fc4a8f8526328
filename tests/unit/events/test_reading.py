"""Bytes from strangers: what is a request, and what the sender of anything else is told."""

from typing import Any

import pytest

from rescind.events.requests import (
    FlowCancel,
    TaskFinish,
    TaskRegister,
    Unreadable,
    read_request,
)
from rescind.events.words import Mode, StreamKind
from tests.unit.events.records import CANCEL, FINISH, accepted, unreadable


def test_two_fields_are_enough_to_cancel() -> None:
    request = accepted(b'{"type":"flow.cancel","flow_run_id":"nightly-7"}')

    assert request == FlowCancel(flow_run_id="nightly-7")
    assert request.request_id is None
    assert isinstance(request, FlowCancel)
    assert request.mode is Mode.GRACEFUL


def test_fields_that_a_newer_client_sends_are_ignored() -> None:
    assert accepted({**CANCEL, "colour": "red", "nested": {"deep": [1]}}) == accepted(CANCEL)
    item = {**FINISH["items"][0], "colour": "red", "error": {"type": "E", "colour": "red"}}
    finish = accepted({**FINISH, "items": [item]})
    assert isinstance(finish, TaskFinish)
    assert finish.items[0].error is not None


@pytest.mark.parametrize(
    "body, path, said",
    [
        pytest.param(b"", "", "expected JSON", id="nothing at all"),
        pytest.param(b"cancel nightly-7", "", "expected JSON", id="plain words"),
        pytest.param(b'{"type":"flow.cancel"', "", "expected JSON", id="cut off"),
        pytest.param(b'{"type":"flow.cancel"} {}', "", "expected JSON", id="two objects"),
        pytest.param(b'"\xff\xfe"', "", "expected JSON in UTF-8", id="no UTF-8"),
        pytest.param(b'{"a":"\\ud800"}', "", "expected JSON", id="half a surrogate pair"),
        pytest.param([CANCEL], "", "expected an object, but got a list", id="a list"),
        pytest.param("flow.cancel", "", "expected an object, but got a string", id="a string"),
        pytest.param(7, "", "expected an object, but got 7", id="a number"),
        pytest.param(None, "", "expected an object, but got null", id="the word null"),
    ],
)
def test_what_is_no_json_object_is_unreadable(body: object, path: str, said: str) -> None:
    answer = unreadable(body)

    assert (answer.path, answer.stream_id, answer.request_id) == (path, None, None)
    assert said in answer.message


def test_a_record_without_a_value_is_unreadable() -> None:
    assert read_request(None) == Unreadable(
        "", "expected a JSON object, but the record has no value"
    )


@pytest.mark.parametrize(
    "kind, said",
    [
        ("flow.cancle", "but got 'flow.cancle'"),
        ("flow.cancelling.v1", "but got 'flow.cancelling.v1'"),
        (3, "but got 3"),
        (None, "but got null"),
        ([], "but got a list"),
    ],
)
def test_an_unknown_type_is_answered_with_those_that_there_are(kind: object, said: str) -> None:
    answer = unreadable({**CANCEL, "type": kind})

    assert answer.path == "type"
    assert "'flow.cancel', " in answer.message
    assert "'runner.lost', " in answer.message
    assert answer.message.endswith(said)


def test_a_missing_type_is_said_to_be_missing() -> None:
    answer = unreadable({"flow_run_id": "nightly-7"})

    assert answer.path == "type"
    assert answer.message == "expected a type such as 'flow.cancel', but there is none"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"flow_run_id": None}, "flow_run_id", "expected a string, but got null"),
    ({"flow_run_id": 7}, "flow_run_id", "expected a string, but got 7"),
    ({"reason": ["a"]}, "reason", "expected a string, but got a list"),
    ({"reason": "x" * 2_001}, "reason", "expected at most 2000 characters, but got 2001"),
    ({"mode": "kindly"}, "mode", "expected 'graceful' or 'abort', but got 'kindly'"),
    ({"mode": True}, "mode", "expected 'graceful' or 'abort', but got true"),
    ({"grace_seconds": "30"}, "grace_seconds", "expected a number, but got a string"),
    ({"grace_seconds": -1}, "grace_seconds", "expected a number of at least 0, but got -1"),
    ({"deadline_seconds": 1e9}, "deadline_seconds", "expected a number of at most 31536000, but"),
    ({"deadline_seconds": float("nan")}, "deadline_seconds", "expected a finite number, but"),
    ({"deadline_seconds": float("inf")}, "deadline_seconds", "expected a finite number, but"),
    ({"cascade": "all"}, "cascade", "expected 'wait', 'request' or 'none', but got 'all'"),
    ({"actor": "me"}, "actor", "expected an object, but got a string"),
    ({"actor": {"kind": "god", "id": "x"}}, "actor.kind", "'service' or 'rule', but got 'god'"),
    ({"actor": {"kind": "user"}}, "actor.id", "expected this field, but it is missing"),
    ({"request_id": ""}, "request_id", "expected at least 1 character, but it is empty"),
]


@pytest.mark.parametrize("change, path, said", WRONG)
def test_a_wrong_field_is_named_with_what_was_expected(
    change: dict[str, Any], path: str, said: str
) -> None:
    answer = unreadable({**CANCEL, **change})

    assert answer.path == path
    assert said in answer.message


WRONG_ITEMS: list[tuple[dict[str, Any], str, str]] = [
    ({"task_run_id": "a/b"}, "task_run_id", "but got 'a/b'"),
    ({"attempt": 0}, "attempt", "expected a number of at least 1, but got 0"),
    ({"attempt": 1.5}, "attempt", "expected a whole number, but got 1.5"),
    ({"attempt": "1"}, "attempt", "expected a whole number, but got a string"),
    ({"attempt": True}, "attempt", "expected a whole number, but got true"),
    ({"attempt": 10**30}, "attempt", "expected a number of at most 1000000, but got"),
    ({"end": "well"}, "end", "expected 'success', 'failed', 'crashed'"),
    ({"stopped_confirmed": "yes"}, "stopped_confirmed", "expected true or false, but got a string"),
    ({"evidence": []}, "evidence", "expected an object, but got a list"),
    ({"retry_at": "tomorrow"}, "retry_at", "expected a time as 2026-11-22T12:00:00.000Z, but"),
    ({"error": {"type": 3}}, "error.type", "expected a string, but got 3"),
]


@pytest.mark.parametrize("change, field, said", WRONG_ITEMS)
def test_a_wrong_item_is_named_by_its_place_in_the_list(
    change: dict[str, Any], field: str, said: str
) -> None:
    good = FINISH["items"][0]

    answer = unreadable({**FINISH, "items": [good, {**good, **change}, good]})

    assert answer.path == f"items.1.{field}"
    assert said in answer.message


def test_the_first_error_is_the_one_that_is_told() -> None:
    answer = unreadable({**FINISH, "items": [{"task_run_id": "a"}, {"task_run_id": "@"}]})

    assert (answer.path, answer.message) == (
        "items.0.end",
        "expected this field, but it is missing",
    )


def test_a_list_without_items_is_unreadable() -> None:
    answer = unreadable({**FINISH, "items": []})

    assert (answer.path, answer.message) == ("items", "expected at least 1 item, but it is empty")


def test_a_child_names_its_flow_run_and_nothing_else_does() -> None:
    def register(**item: str) -> dict[str, Any]:
        return {
            "type": "task.register",
            "flow_run_id": "nightly-7",
            "items": [{"task_run_id": "t", **item}],
        }

    request = accepted(register(kind="child", child_flow_run_id="c"))
    assert isinstance(request, TaskRegister)
    assert request.items[0].child_flow_run_id == "c"
    for wrong in (register(kind="child"), register(child_flow_run_id="c")):
        answer = unreadable(wrong)
        assert answer.path == "items.0"
        assert "expected child_flow_run_id for a child alone" in answer.message


def test_who_asked_for_what_is_told_as_far_as_it_can_be_read() -> None:
    answer = unreadable({**CANCEL, "request_id": "r-1", "mode": 3})

    assert answer.stream_id == "nightly-7"
    assert answer.stream_kind is StreamKind.FLOW
    assert answer.request_id == "r-1"
    assert answer.request_type == "flow.cancel"


def test_a_request_of_a_runner_belongs_to_the_runner_and_others_to_their_flow_run() -> None:
    leave = unreadable({"type": "runner.leave", "runner_id": "r1", "reason": 3})
    assert (leave.stream_kind, leave.stream_id) == (StreamKind.RUNNER, "r1")

    finish = unreadable({**FINISH, "flow_run_id": 3})
    assert (finish.stream_kind, finish.stream_id) == (None, None)


@pytest.mark.parametrize("name", ["@position", "a/b", "", "x" * 129, "\n", 7, None])
def test_a_name_that_no_run_can_have_is_never_taken_for_a_stream(name: object) -> None:
    # Keys that begin with an @ are the service's own.
    assert unreadable({**CANCEL, "flow_run_id": name}).stream_id is None
