"""Ids of runs may be foreign: nearly every text is one."""

import pytest
from hypothesis import given

from tests.strategies import chosen_ids
from tests.unit.events.records import CANCEL, accepted, unreadable

CONTROL = [*range(0x20), *range(0x7F, 0xA0)]


@pytest.mark.parametrize("around", ["{}run", "run{}", "a{}b"])
def test_no_control_character_is_part_of_an_id(around: str) -> None:
    for code in CONTROL:
        answer = unreadable({**CANCEL, "flow_run_id": around.format(chr(code))})

        assert answer.path == "flow_run_id"
        assert answer.message.startswith("expected an id without '/' or control characters")
        # What cannot be printed is not printed.
        assert answer.message.isprintable()


@pytest.mark.parametrize("text", ["/", "a/b", "a/", "/a", "@", "@position", "@a"])
def test_no_slash_is_part_of_an_id_and_no_at_sign_begins_one(text: str) -> None:
    answer = unreadable({**CANCEL, "flow_run_id": text})

    assert answer.message.endswith(f"but got {text!r}")


def test_an_id_has_1_to_128_characters_and_not_bytes() -> None:
    longest = "\N{GRINNING FACE}" * 128

    assert accepted({**CANCEL, "flow_run_id": longest}).stream_id == longest
    long = unreadable({**CANCEL, "flow_run_id": "x" * 129})
    assert long.message == "expected at most 128 characters, but got 129"
    empty = unreadable({**CANCEL, "flow_run_id": ""})
    assert empty.message == "expected at least 1 character, but it is empty"


@pytest.mark.parametrize(
    "text",
    [
        "manual__2026-11-22T12:00:00+00:00",
        "d9b4f059-8e68-c757-6c05-ce9de4c46e1e",
        "a@b",
        "nightly run 7",
        "täglich",
        "..",
        "'; drop",
    ],
)
def test_ids_of_other_systems_are_taken_as_they_are(text: str) -> None:
    assert accepted({**CANCEL, "flow_run_id": text}).stream_id == text


@given(text=chosen_ids())
def test_every_text_without_those_is_an_id(text: str) -> None:
    assert accepted({**CANCEL, "flow_run_id": text}).stream_id == text
