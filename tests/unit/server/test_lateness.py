"""How old what the read model shows is said to be."""

from rescind.server.api.lateness import Lateness
from rescind.server.readmodel.standing import Standing


def at(offset: int) -> dict[int, Standing]:
    """Read to there; the last event is from the beginning."""
    return {0: Standing(offset, 1_000, 1)}


def test_markers_alone_make_nothing_old() -> None:
    lateness = Lateness()
    lateness.look(at(0), {0: 0}, 1_000)

    seconds = [
        lateness.look(at(number), {0: number + 1}, 1_000 + 5_000 * number)[0].seconds
        for number in range(100)
    ]

    assert max(seconds) <= 5


def test_what_stands_still_behind_an_end_gets_older_and_is_new_once_it_is_there() -> None:
    lateness = Lateness()
    lateness.look(at(5), {0: 5}, 100_000)

    seconds = [
        lateness.look(at(5), {0: 9}, 100_000 + 10_000 * number)[0].seconds for number in range(1, 5)
    ]
    there = lateness.look(at(9), {0: 9}, 150_000)[0]

    assert seconds == [10, 10, 20, 30]
    assert there == (0, 0)


def test_after_a_start_it_is_as_old_as_what_it_shows_until_an_end_was_reached() -> None:
    lateness = Lateness()
    day_ms = 86_400_000

    seconds = [
        lateness.look(at(5), {0: 9 + number}, day_ms + 1_000 * number)[0].seconds
        for number in range(3)
    ]
    reached = lateness.look(at(9), {0: 12}, day_ms + 4_000)[0].seconds
    after = lateness.look(at(10), {0: 12}, day_ms + 6_000)[0].seconds

    assert seconds == [86_399, 86_400, 86_401]
    assert reached == 86_403
    assert after == 2
