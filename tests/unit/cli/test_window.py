"""The first so many of what changes while it is read."""

import random

import pytest

from rescind.cli.reading.window import Place, Window


def pages(changes: list[tuple[int, bool]], size: int) -> tuple[list[int], int]:
    """What a list shows in the end, read as often as it takes, and how many were kept at most."""
    found: list[int] = []
    kept, begin = 0, None
    while True:
        window = Window(size, begin)
        for number, fits in changes:
            key = str(number).encode()
            if fits:
                window.put(key, Place(-number, str(number)), key)
            else:
                window.drop(key)
            kept = max(kept, len(window.values()))
        found += [int(value) for value in window.values()]
        begin = window.end
        if begin is None:
            return found, kept


@pytest.mark.parametrize("seed", range(20))
def test_whatever_stops_to_fit_and_fits_again_all_is_found_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    changes = [(chance.randrange(60), chance.random() < 0.6) for _ in range(400)]
    last = dict(changes)
    expected = sorted((number for number, fits in last.items() if fits), reverse=True)

    found, kept = pages(changes, size := chance.randrange(1, 12))

    assert found == expected, f"seed {seed}"
    assert kept <= 2 * size


def test_a_key_that_begins_another_life_is_where_that_is() -> None:
    window = Window(10, None)
    window.put(b"f", Place(-1, "f"), b"first")
    window.put(b"g", Place(-2, "g"), b"other")
    window.put(b"f", Place(-3, "f"), b"second")

    assert window.values() == [b"second", b"other"]


def test_the_next_page_begins_right_after_a_place() -> None:
    window = Window(10, Place(-5, "b").next())
    for name in "abc":
        window.put(name.encode(), Place(-5, name), name.encode())

    assert window.values() == [b"c"]
