"""Which lane is taken from next: what stops work first, and a share for what starts it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.errors import OutOfRangeError
from rescind.kafka.connection import Connection
from rescind.kafka.records import Record
from rescind.processors.pipeline import intake as module
from rescind.processors.pipeline.intake import RECORDS_MAX, WAITING_BYTES_MAX, Intake, turns

FULL = 128  # A power of two, so that shares of it are exact.


def taken(stop: int, start: int, arriving: int = 0, *, wanted: bool = False) -> list[str]:
    """The lanes of one batch of at most `FULL`, and so many more stops while it is made."""
    lanes = {"stop": deque(range(stop)), "start": deque(range(start))}
    order = list[str]()
    for lane in turns(lanes["stop"], lanes["start"], lambda: len(order) / FULL, lambda: wanted):
        lanes[lane].popleft()
        order.append(lane)
        if arriving:
            arriving -= 1
            lanes["stop"].append(0)
    return order


def test_stops_go_first() -> None:
    assert taken(3, 2) == ["stop"] * 3 + ["start"] * 2


def test_a_flood_of_stops_leaves_a_quarter_to_the_start_lane() -> None:
    assert taken(1000, 1000) == ["stop"] * 96 + ["start"] * 32


def test_a_stop_is_kept_waiting_by_no_more_starts_than_their_share() -> None:
    assert taken(3, 1000) == ["stop"] * 3 + ["start"] * 32


def test_another_partition_with_a_stop_is_kept_waiting_by_no_more_of_them_either() -> None:
    assert taken(0, 1000, wanted=True) == ["start"] * 32


def test_a_lane_takes_what_the_other_does_not_need() -> None:
    assert taken(1000, 0) == ["stop"] * FULL
    assert taken(0, 1000) == ["start"] * FULL
    assert taken(1000, 5) == ["stop"] * 96 + ["start"] * 5 + ["stop"] * 27


def test_stops_that_arrive_meanwhile_do_not_starve_the_start_lane() -> None:
    assert taken(96, 1000, arriving=1000).count("start") == 32


@pytest.mark.parametrize("when, starts", [(40, 40), (10, 32)])
def test_a_batch_of_starts_ends_with_a_stop_that_comes_meanwhile(when: int, starts: int) -> None:
    stop, order = deque[int](), list[str]()
    for lane in turns(stop, range(1000), lambda: len(order) / FULL, lambda: False):
        order.append(lane)
        if lane == "stop":
            stop.popleft()
        elif order.count("start") == when:
            stop.append(0)

    assert order == ["start"] * starts + ["stop"]


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_batch_is_as_full_as_it_can_be_and_never_fuller(stop: int, start: int) -> None:
    order = taken(stop, start)
    starts = min(start, FULL // 4 if stop else FULL)
    assert len(order) == min(stop + starts, FULL)
    assert order.count("start") == starts


class _Reader:
    """Has as many records as anybody wants, of one size; or none any more."""

    def __init__(self, _connection: Connection, topic: str, _partition: int, at: int) -> None:
        self._topic = topic
        self._offset = at

    async def __aenter__(self) -> Self:
        return self

    async def close(self) -> None:
        pass

    async def fetch(self, *, max_records: int, **_more: float) -> list[Record]:
        await asyncio.sleep(0)
        if self._topic == "gone":
            raise OutOfRangeError(self._topic, 0, 0, 5, 9)
        size = 1_000_000 if self._topic == "large" else 10
        count = min(4, max_records) if self._topic == "large" else max_records
        self._offset += count
        return [Record(self._topic, 0, 0, 0, None, b"x" * size, ())] * count


@asynccontextmanager
async def opened(
    monkeypatch: pytest.MonkeyPatch, *, stop: str, start: str
) -> AsyncGenerator[Intake]:
    monkeypatch.setattr(module, "PartitionReader", _Reader)
    connection: Any = None
    intake = Intake(connection, {"stop": stop, "start": start}, 0, {"stop": 0, "start": 0})
    await intake.open()
    try:
        # More rounds of the loop than the lanes could need to fill.
        for _ in range(200):
            await asyncio.sleep(0)
        yield intake
    finally:
        await intake.close()


async def test_what_waits_has_a_bound_in_records_and_in_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(monkeypatch, stop="large", start="small") as intake:
        assert len(intake) == WAITING_BYTES_MAX // 4_000_000 * 4 + 4 + RECORDS_MAX
        for _ in zip(range(4), intake.next(lambda: 0.0, lambda: False), strict=False):
            await asyncio.sleep(0)
        assert len(intake) >= RECORDS_MAX


async def test_a_lane_that_cannot_be_read_is_not_hidden_by_the_backlog_of_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(monkeypatch, stop="gone", start="small") as intake:
        assert len(intake) == RECORDS_MAX
        with pytest.raises(OutOfRangeError):
            intake.check()
