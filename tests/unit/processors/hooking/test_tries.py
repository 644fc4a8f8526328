"""When a hook is tried again."""

import pytest

from rescind.processors.hooking.tries import RETRY_AFTER_SECONDS_MAX, retry_after, wait_seconds


def test_each_wait_is_twice_the_last_up_to_five_minutes_and_half_of_it_is_chance() -> None:
    longest = [wait_seconds(tries, None, lambda: 1.0) for tries in (1, 2, 3, 9, 10, 5_000)]
    shortest = [wait_seconds(tries, None, lambda: 0.0) for tries in (1, 2, 3, 9, 10, 5_000)]

    assert longest == [1, 2, 4, 256, 300, 300]
    assert shortest == [each / 2 for each in longest]


def test_what_the_receiver_asks_for_counts_if_it_is_later_and_within_reason() -> None:
    assert wait_seconds(1, 30.0, lambda: 0.0) == 30
    assert wait_seconds(9, 30.0, lambda: 1.0) == 256
    assert wait_seconds(1, 1e9, lambda: 0.0) == RETRY_AFTER_SECONDS_MAX


@pytest.mark.parametrize(
    "text,seconds",
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(
    text: str | None, seconds: float | None
) -> None:
    assert retry_after(text, 1_700_000_000) == seconds
