"""Times, durations and strangers' texts at a terminal."""

import pytest
from hypothesis import given

from rescind.events.words import Actor
from rescind.server.web.shared.words import duration as duration_on_a_page
from rescind.telling.words import (
    actor,
    age,
    clock,
    counted,
    day_and_clock,
    duration,
    labels,
    plain,
    short,
    when,
)
from tests.strategies import texts
from tests.unit.cli.states import NOON


@pytest.mark.parametrize(
    "ms,said",
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (999.6, "1.0 s"),
        (1_000, "1.0 s"),
        (59_900, "59.9 s"),
        (59_960, "1 min"),
        (3_599_700, "1 h"),
        (60_000, "1 min"),
        (320_000, "5 min 20 s"),
        (7_500_000, "2 h 5 min"),
        (273_600_000, "3 d 4 h"),
    ],
)
def test_a_duration_is_in_the_unit_that_fits(ms: float, said: str) -> None:
    assert duration(ms) == said


@pytest.mark.parametrize(
    "ms,said",
    [(999, "999 ms"), (59_949, "59.9 s"), (59_960, "1 min 0 s"), (7_500_000, "2 h 5 min")],
)
def test_so_it_is_on_a_page(ms: int, said: str) -> None:
    assert duration_on_a_page(ms) == said


@given(texts(max_size=600))
def test_no_terminal_is_ruled_by_what_a_stranger_wrote(text: str) -> None:
    shown = plain(text)

    assert shown.isprintable()
    assert len(shown) <= 500


def test_an_escape_code_becomes_a_dot_and_a_new_line_a_space() -> None:
    assert plain("a\x1b[31m\nb") == "a·[31m b"


def test_who_asked_is_marked_when_it_is_only_a_claim() -> None:
    assert actor(Actor(kind="user", id="ann", verified=True)) == "ann"
    assert actor(Actor(kind="user", id="ann")) == "ann (unverified)"
    assert actor(Actor(kind="service", id="liveness")) == "service liveness"
    assert actor(None) == "somebody"


def test_what_a_skewed_clock_puts_ahead_is_not_negative() -> None:
    assert age(1_000, 500) == "0 ms"
    assert age(None, 500) == "-"


def test_a_time_of_another_day_has_its_date() -> None:
    day_ms = 86_400_000

    assert when(NOON, NOON) == clock(NOON)
    assert when(NOON + day_ms, NOON) == day_and_clock(NOON + day_ms)
    assert when(NOON - day_ms, NOON) == day_and_clock(NOON - day_ms)


def test_only_random_ids_are_shortened() -> None:
    assert short("82f2fcaad23ecda178fdc45afdb14b86") == "82f2fcaa"
    assert short("airflow-worker-3-of-the-second-house") == "airflow-worker-3-of-the-second-house"


def test_one_is_not_many() -> None:
    assert [counted(count, "runner") for count in (0, 1, 2)] == [
        "0 runners",
        "1 runner",
        "2 runners",
    ]


def test_labels_are_in_order() -> None:
    assert labels({"b": "2", "a": "1"}) == "a=1 b=2"
