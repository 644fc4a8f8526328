"""What is read of a traceparent; a malformed one is none, and never an error."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.tracing.traceparent import Parent, is_sampled, known, read, trace_id_of, written

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"

MALFORMED = [
    None,
    "",
    "00",
    f"00-{TRACE}-{SPAN}",
    f"00-{TRACE}-{SPAN}-1",
    f"00-{TRACE}-{SPAN}-01-more",
    f"00-{TRACE}-{SPAN}-01\n",
    f"ff-{TRACE}-{SPAN}-01",
    f"00-{TRACE.upper()}-{SPAN}-01",
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f" 00-{TRACE}-{SPAN}-01",
    f"00-{TRACE[:-1]}٣-{SPAN}-01",
]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_one_names_nothing(malformed: str | None) -> None:
    assert read(malformed) is None
    assert known(malformed) is None
    assert trace_id_of(malformed) is None
    assert not is_sampled(malformed)


@pytest.mark.parametrize("flags, sampled", [("00", False), ("01", True), ("03", True)])
def test_its_last_bit_says_whether_somebody_keeps_the_trace(flags: str, sampled: bool) -> None:
    said = f"00-{TRACE}-{SPAN}-{flags}"

    assert is_sampled(said) is sampled
    assert trace_id_of(said) == TRACE


def test_a_later_version_may_say_more() -> None:
    assert read(f"01-{TRACE}-{SPAN}-01-more") == Parent(int(TRACE, 16), int(SPAN, 16), 1)


@pytest.mark.parametrize(
    "version, more", [("00", ""), ("01", ""), ("cc", "-more"), ("01", "-z" * 999)]
)
def test_what_is_carried_on_is_of_the_version_that_is_known_here(version: str, more: str) -> None:
    assert known(f"{version}-{TRACE}-{SPAN}-03{more}") == f"00-{TRACE}-{SPAN}-03"


def test_what_was_read_is_written_alike() -> None:
    said = f"00-{TRACE}-{SPAN}-01"

    found = read(said)

    assert found is not None
    assert written(*found) == said


@given(st.text(max_size=80) | st.text(string.hexdigits + "-", max_size=80))
def test_nothing_that_a_stranger_writes_is_an_error(said: str) -> None:
    read(said)
    assert len(known(said) or "") in {0, 55}
