"""Which lane is taken from next: what stops work first, and a share for what starts it."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from rescind.processors.intake import turns

FULL = 100


def taken(stop: int, start: int, arriving: int = 0) -> list[str]:
    """The lanes of one batch of at most a hundred, and so many more stops while it is made."""
    lanes = {"stop": deque(range(stop)), "start": deque(range(start))}
    order = list[str]()
    for lane in turns(lanes["stop"], lanes["start"], lambda: len(order) / FULL):
        lanes[lane].popleft()
        order.append(lane)
        if arriving:
            arriving -= 1
            lanes["stop"].append(0)
    return order


def test_stops_go_first() -> None:
    assert taken(3, 2) == ["stop"] * 3 + ["start"] * 2


def test_a_flood_of_stops_leaves_a_quarter_to_the_start_lane() -> None:
    assert taken(1000, 1000) == ["stop"] * 75 + ["start"] * 25


def test_a_lane_takes_what_the_other_does_not_need() -> None:
    assert taken(1000, 0) == ["stop"] * 100
    assert taken(0, 1000) == ["start"] * 100
    assert taken(1000, 5) == ["stop"] * 75 + ["start"] * 5 + ["stop"] * 20


def test_stops_that_arrive_meanwhile_do_not_starve_the_start_lane() -> None:
    assert taken(75, 1000, arriving=1000).count("start") == 25


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_batch_is_as_full_as_it_can_be_and_never_fuller(stop: int, start: int) -> None:
    order = taken(stop, start)
    assert len(order) == min(stop + start, FULL)
    assert order.count("start") >= min(start, FULL // 4)
    assert order.count("stop") >= min(stop, FULL * 3 // 4)
