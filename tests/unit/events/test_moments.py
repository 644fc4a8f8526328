"""Times: RFC 3339 on the wire, whole milliseconds in Python."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rescind.events.moments import MOMENT_MAX, Moment, moment_from_text, moment_to_text
from tests.strategies import moments

NOON = 1_795_348_800_000
adapter: TypeAdapter[int] = TypeAdapter(Moment)


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    assert moment_to_text(NOON) == "2026-11-22T12:00:00.000Z"
    assert moment_to_text(NOON + 7) == "2026-11-22T12:00:00.007Z"
    assert moment_to_text(0) == "1970-01-01T00:00:00.000Z"
    assert moment_to_text(MOMENT_MAX) == "9998-12-31T23:59:59.999Z"


@given(at_ms=moments())
def test_what_is_written_is_read_again(at_ms: int) -> None:
    assert moment_from_text(moment_to_text(at_ms)) == at_ms
    assert adapter.validate_json(adapter.dump_json(at_ms)) == at_ms


@given(at_ms=moments(), micros=st.integers(0, 999), minutes=st.integers(-23 * 60, 23 * 60))
def test_any_offset_is_read_and_finer_than_a_millisecond_is_cut_off(
    at_ms: int, micros: int, minutes: int
) -> None:
    there = timezone(timedelta(minutes=minutes))
    day = timedelta(days=1) // timedelta(milliseconds=1)
    at = datetime.fromtimestamp(0, there) + timedelta(milliseconds=max(at_ms, day))

    text = (at + timedelta(microseconds=micros)).isoformat(timespec="microseconds")

    assert moment_from_text(text) == max(at_ms, day)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.0Z",
        "2026-11-22T12:00:00.000000000Z",
        "2026-11-22T12:00:00+00:00",
        "2026-11-22T13:30:00+01:30",
        "2026-11-22 12:00:00Z",
    ],
)
def test_the_same_moment_may_be_written_in_many_ways(text: str) -> None:
    assert moment_from_text(text) == NOON


@pytest.mark.parametrize("text", ["2026-11-22T12:00:00", "2026-11-22T12:00:00.000"])
def test_a_time_without_an_offset_could_be_anywhere(text: str) -> None:
    with pytest.raises(ValueError, match="but it has no offset such as Z"):
        moment_from_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22",
        "12:00:00Z",
        "1795348800",
        "20261122T120000.000Z",
        "2026-W47-7T12:00:00Z",
        "2026-11-22T12:00Z",
        "2026-11-31T12:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T12:00:60Z",
        "2026-11-22T12:00:00+25:00",
        "2026-11-22T12:00:00Z\n",
        "2026-11-22T12:00:00." + "0" * 60 + "Z",
    ],
)
def test_what_is_no_such_time_is_said_to_be_none_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a time as 2026-11-22T12:00:00\.000Z, but"):
        moment_from_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "1969-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00+14:00",
        "9999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_moment_that_could_not_be_written_again_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time between 1970 and 9998"):
        moment_from_text(text)


@pytest.mark.parametrize("value", [b"1795348800000", b"1.5", b"null", b"true", b"[]"])
def test_on_the_wire_a_moment_is_always_a_text(value: bytes) -> None:
    with pytest.raises(ValidationError):
        adapter.validate_json(value)


def test_in_python_a_moment_is_a_whole_number_or_a_text() -> None:
    assert adapter.validate_python(NOON) == NOON
    assert adapter.validate_python("2026-11-22T12:00:00Z") == NOON
    for value in (float(NOON), True, None):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)
