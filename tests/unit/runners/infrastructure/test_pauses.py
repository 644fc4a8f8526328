"""What may pass is tried again a few times, later each time, and not by all at once."""

from rescind.runners.infrastructure.standing import pauses


def test_each_pause_is_twice_the_one_before_up_to_a_most() -> None:
    assert list(pauses(7, chance=lambda: 1.0)) == [0.5, 1, 2, 4, 8, 8]


def test_chance_makes_a_pause_shorter_by_half_at_most() -> None:
    longest, shortest = list(pauses(5, lambda: 1.0)), list(pauses(5, lambda: 0.0))

    assert [2 * seconds for seconds in shortest] == longest
