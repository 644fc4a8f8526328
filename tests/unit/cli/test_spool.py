"""All of what changes while it is read, by one reading."""

import random

import pytest

from rescind.cli.reading.spool import Spool
from rescind.cli.reading.window import Place


@pytest.mark.parametrize("seed", range(20))
def test_whatever_stops_to_fit_and_fits_again_all_is_found_once_and_as_it_was_last(
    seed: int,
) -> None:
    chance = random.Random(seed)
    changes = [
        (chance.randrange(60), chance.random() < 0.6, chance.randbytes(9)) for _ in range(400)
    ]
    last = {number: (fits, value) for number, fits, value in changes}
    first = chance.randrange(60)
    expected = [last[n][1] for n in range(first, -1, -1) if n in last and last[n][0]]

    with Spool(Place(-first, "")) as spool:
        for number, fits, value in changes:
            if fits:
                spool.put(str(number).encode(), Place(-number, str(number)), value)
            else:
                spool.drop(str(number).encode())
        found = list(spool.values())

    assert found == expected, f"seed {seed}"


def test_another_life_in_an_earlier_place_is_not_there_any_more() -> None:
    with Spool(Place(-5, "")) as spool:
        spool.put(b"f", Place(-4, "f"), b"first life")
        spool.put(b"f", Place(-9, "f"), b"second life")

        assert list(spool.values()) == []
