"""A cancel against each thing that may happen in the same moment, on the core."""

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests import golden
from tests.model.races import ORDERS, RACES, RESTARTS, Verdict, core_verdict, trace_of

IN_TURN: Final = ORDERS[:2]


@cache
def verdicts_in_turn(name: str) -> dict[str, set[Verdict]]:
    race = RACES[name]
    return {
        order: {core_verdict(trace_of(race, order, each, in_turn=True)) for each in RESTARTS}
        for order in IN_TURN
    }


def test_who_came_first_decides_and_no_restart_does() -> None:
    lines: list[str] = []
    for name in RACES:
        for order, found in verdicts_in_turn(name).items():
            (came_to,) = found
            lines += [f"{name}: {order}", *(f"    {line}" for line in came_to), ""]

    golden.matches(Path(__file__).parent / "golden" / "races.txt", "\n".join(lines))


@pytest.mark.parametrize("name", RACES)
def test_in_the_same_moment_it_is_as_if_one_of_the_two_had_been_first(name: str) -> None:
    either = set[Verdict]().union(*verdicts_in_turn(name).values())
    for order in ORDERS:
        for restart in RESTARTS:
            assert core_verdict(trace_of(RACES[name], order, restart)) in either, (order, restart)
