"""What a stranger sends has bounds, so that it costs little and fits into a record later."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from rescind.events.requests import (
    ITEMS_MAX,
    RECORD_BYTES_MAX,
    FlowCancel,
    TaskFinish,
    request_adapter,
)
from rescind.events.requests.nesting import nests_too_deep
from tests.unit.events.records import CANCEL, FINISH, accepted, record, unreadable


def test_five_hundred_items_are_taken_and_one_more_is_not() -> None:
    def finish(count: int) -> dict[str, Any]:
        return {
            **FINISH,
            "items": [{"task_run_id": f"t{n}", "end": "success"} for n in range(count)],
        }

    taken = accepted(finish(ITEMS_MAX))
    assert isinstance(taken, TaskFinish)
    assert len(taken.items) == ITEMS_MAX == 500

    answer = unreadable(finish(ITEMS_MAX + 1))
    assert (answer.path, answer.message) == (
        "items",
        "expected at most 500 items, but there are more",
    )


def test_a_mebibyte_is_taken_and_a_byte_more_is_not() -> None:
    filler = RECORD_BYTES_MAX - len(record({**CANCEL, "colour": ""}))
    largest = record({**CANCEL, "colour": "x" * filler})

    assert len(largest) == RECORD_BYTES_MAX == 1_048_576
    assert accepted(largest) == accepted(CANCEL)
    answer = unreadable(largest + b" ")
    assert answer.message == "expected at most 1048576 bytes, but the record has 1048577"


def _nested(levels: int) -> bytes:
    inner = b"[" * (levels - 1) + b"]" * (levels - 1)
    return b'{"type":"flow.cancel","flow_run_id":"nightly-7","colour":' + inner + b"}"


def test_thirty_two_levels_are_taken_and_one_more_is_not() -> None:
    assert accepted(_nested(32)) == accepted(CANCEL)

    answer = unreadable(_nested(33))
    assert answer.message == "expected at most 32 levels of nesting, but got more"


def test_brackets_in_texts_are_no_nesting() -> None:
    for text in ("[" * 100, '"[' * 100, "\\[" * 100, '\\"[{' * 100, "\\" * 99 + "[" * 100):
        assert accepted({**CANCEL, "reason": text}) == FlowCancel(
            flow_run_id="nightly-7", reason=text
        )


def test_nesting_cannot_be_hidden_by_brackets_in_texts() -> None:
    hidden = b'{"colour":' + b'["]",' * 40 + b"0" + b"]" * 40 + b"}"

    assert "32 levels" in unreadable(hidden).message


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, cast(dict[str, object], value).values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, cast(list[object], value)), default=0)
    return 0


@given(data=st.data(), levels=st.integers(28, 36))
def test_the_depth_is_that_of_the_json_whatever_its_texts_are(
    data: st.DataObject, levels: int
) -> None:
    tricky = st.text('[]{}\\"x', max_size=6)
    value: JsonValue = data.draw(tricky)
    for _ in range(levels):
        key, beside, in_list = data.draw(st.tuples(tricky, tricky, st.booleans()))
        value = [beside, value, [beside]] if in_list else {key: value, key + "x": [beside]}

    assert nests_too_deep(json.dumps(value).encode()) is (_depth(value) > 32)


@pytest.mark.parametrize(
    "evidence, said",
    [
        (b'{"n":123456789012345678901234567890}', "expected numbers of at most 64 bits"),
        (b'{"n":[{"m":-9223372036854775809}]}', "expected numbers of at most 64 bits"),
        (b'{"n":NaN}', "expected finite numbers"),
        (b'{"n":[1,{"m":-Infinity}]}', "expected finite numbers"),
        (b'{"n":"' + b"x" * 16_384 + b'"}', "expected at most 16384 bytes"),
    ],
)
def test_evidence_that_could_not_be_written_again_is_unreadable(evidence: bytes, said: str) -> None:
    body = record(FINISH).replace(b'"success"', b'"success","evidence":' + evidence)

    answer = unreadable(body)

    assert answer.path == "items.0.evidence"
    assert said in answer.message


def test_evidence_may_say_null() -> None:
    item = {**FINISH["items"][0], "evidence": {"pid": None, "seen": [None, 1.5]}}

    request = accepted({**FINISH, "items": [item]})

    assert isinstance(request, TaskFinish)
    assert request.items[0].evidence == item["evidence"]


def test_an_answer_never_repeats_more_than_a_little_of_what_was_sent() -> None:
    long = "x" * 900_000
    labels = {"type": "flow.register", "flow_run_id": "f", "labels": {long: "1"}}
    bodies: list[object] = [
        {"type": long},
        {**CANCEL, "flow_run_id": f"@{long}"},
        {**CANCEL, "mode": long},
        {**CANCEL, "at": long},
        {**CANCEL, "request_id": long},
        labels,
    ]
    for body in bodies:
        answer = unreadable(body)
        assert len(answer.message) + len(answer.path) < 1_000
        assert len(answer.request_id or "") <= 512


def _flooded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Records of nearly a mebibyte, every list and object of them full of errors."""
    of_run = {"flow_run_id": "nightly-7", "runner_id": "r1"}
    for kind in ("task.register", "task.start", "task.finish", "task.stopping"):
        yield kind, {**of_run, "type": kind, "items": [1] * 200_000}
    held = {"cancellation_id": "c", "held": [1] * 200_000}
    yield "held", {**of_run, "type": "cancellation.acknowledge", **held}
    labels = {str(number): 1 for number in range(80_000)}
    yield "labels", {**of_run, "type": "flow.register", "labels": labels}
    parent = {"flow_run_id": "p", "task_run_id": "t", "ancestors": ["@"] * 200_000}
    yield "ancestors", {**of_run, "type": "flow.register", "parent": parent}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in _flooded()])
def test_a_record_full_of_errors_is_given_up_at_the_first(body: dict[str, Any]) -> None:
    # Making all 200,000 errors took 0.6 s, in which a partition stood still.
    with pytest.raises(ValidationError) as caught:
        request_adapter.validate_json(record(body))

    assert caught.value.error_count() <= 3
    assert unreadable(body).stream_id == "nightly-7"
