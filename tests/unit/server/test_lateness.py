"""How old what the read model shows is said to be."""

from rescind.server.api.lateness import Lateness
from rescind.server.readmodel.standing import Standing


def at(offset: int) -> dict[int, Standing]:
    """Read to there; the last event is from the beginning."""
    return {0: Standing(offset, 1_000, 1)}


def test_markers_alone_make_nothing_old() -> None:
    lateness = Lateness()

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
