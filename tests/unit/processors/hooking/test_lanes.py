"""A lane for each flow run: in order, again until it is taken, and none waits for another."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import CollectorRegistry

from rescind.errors import BrokerUnavailableError
from rescind.events.hooks import HookEvent
from rescind.processors.hooking import lanes, tries
from rescind.processors.hooking.lanes import AT_ONCE, Lanes
from rescind.processors.hooking.notices import Notice
from rescind.processors.hooking.tries import Try
from rescind.processors.measuring.hooks import HookMeters
from tests.unit.processors.hooking.telling import EVENT, notice
from tests.waiting import until


class Target:
    """It does with each event what it is told to."""

    def __init__(self) -> None:
        self.tried: list[tuple[str | None, int]] = []
        self.fails: Callable[[HookEvent], Try | None] = lambda _: None
        self.hangs: set[str] = set()
        self.at_once = self.at_once_max = 0

    async def tell(self, event: HookEvent) -> Try:
        assert event.position is not None
        self.tried.append((event.flow_run_id, event.position.offset))
        self.at_once += 1
        self.at_once_max = max(self.at_once, self.at_once_max)
        try:
            if event.flow_run_id in self.hangs:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            return self.fails(event) or Try()
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        pass


class Desk:
    """What came of notices."""

    def __init__(self) -> None:
        self.ended: list[int] = []
        self.buried: list[tuple[int, str, int]] = []
        self.target = Target()
        self.registry = CollectorRegistry()
        self.meters = HookMeters(self.registry)
        self.ahead_ms = EVENT.at - round(time.monotonic() * 1000)
        self.bury_fails: list[Exception] = []
        self.lanes = self.made(3600)

    def made(self, retry_seconds: float) -> Lanes:
        return Lanes(
            "ops",
            self.target,
            retry_seconds,
            lambda each: self.ended.append(each.item.offset),
            self.bury,
            self.meters,
            self.now_ms,
        )

    def now_ms(self) -> int:
        return self.ahead_ms + round(time.monotonic() * 1000)

    async def bury(self, each: Notice, answer: Try, tried: int) -> None:
        if self.bury_fails:
            raise self.bury_fails.pop()
        self.buried.append((each.item.offset, answer.why_not, tried))

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"hook": "ops", **labels})


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(tries, "FIRST_WAIT_SECONDS", 0.01)
    made = Desk()
    yield made
    await made.lanes.close()


async def test_a_flow_runs_events_are_told_in_order_though_the_first_fails(desk: Desk) -> None:
    def fails(event: HookEvent) -> Try | None:
        seen = [offset for _, offset in desk.target.tried].count(1)
        return Try("no") if event.position and event.position.offset == 1 and seen < 3 else None

    desk.target.fails = fails
    for offset in (1, 2, 3):
        desk.lanes.put(notice(offset))

    await until(lambda: desk.lanes.pending == 0)

    assert [offset for _, offset in desk.target.tried] == [1, 1, 1, 2, 3]
    assert desk.ended == [1, 2, 3]
    assert desk.count("rescind_hooks_sent_total", type="flow.cancelled") == 3
    assert desk.count("rescind_hooks_failed_total") == 2


async def test_one_flow_run_that_hangs_or_fails_holds_up_no_other(desk: Desk) -> None:
    desk.target.hangs = {"hangs"}
    desk.target.fails = lambda event: Try("no") if event.flow_run_id == "fails" else None
    desk.lanes.put(notice(1, "hangs"))
    desk.lanes.put(notice(2, "fails"))
    for number in range(50):
        desk.lanes.put(notice(10 + number, f"f{number}"))

    await until(lambda: len(desk.ended) == 50)

    assert desk.lanes.pending == 2
    assert desk.target.at_once_max <= AT_ONCE


async def test_what_is_not_taken_for_too_long_is_buried_and_the_lane_goes_on(desk: Desk) -> None:
    await desk.lanes.close()
    desk.lanes = desk.made(0.2)
    desk.target.fails = lambda event: (
        Try("no") if event.position and event.position.offset == 1 else None
    )
    desk.lanes.put(notice(1))
    desk.lanes.put(notice(2))

    await until(lambda: desk.ended == [1, 2])

    ((offset, why, tried),) = desk.buried
    assert (offset, why) == (1, "no")
    assert tried > 2
    assert desk.count("rescind_hooks_dead_lettered_total") == 1


async def test_who_asks_for_more_than_is_left_is_tried_once_more_at_the_end(desk: Desk) -> None:
    await desk.lanes.close()
    desk.lanes = desk.made(0.2)
    desk.target.fails = lambda _: (
        Try("later", after_seconds=3600) if len(desk.target.tried) == 1 else None
    )
    desk.lanes.put(notice(1))

    await until(lambda: desk.ended == [1])

    assert len(desk.target.tried) == 2
    assert desk.buried == []


async def test_its_time_counts_from_when_it_happened_whoever_was_away_since(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "RETRY_SECONDS_MIN", 0.1)
    desk.ahead_ms += 3600 * 1000
    desk.target.fails = lambda _: Try("no")
    desk.lanes.put(notice(1))
    desk.lanes.put(notice(2))

    await until(lambda: desk.ended == [1, 2])

    assert all(tried > 1 for _, _, tried in desk.buried)


async def test_whatever_keeps_a_dead_letter_from_being_written_the_lane_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "BURY_AGAIN_SECONDS", 0.01)
    desk.bury_fails = [LookupError("a bug"), BrokerUnavailableError("x:1", "away")]
    desk.target.fails = lambda event: (
        Try("gone", is_final=True) if event.position and event.position.offset == 1 else None
    )
    desk.lanes.put(notice(1))
    desk.lanes.put(notice(2))

    await until(lambda: desk.ended == [1, 2])

    assert desk.buried == [(1, "gone", 1)]
    assert len(desk.target.tried) == 2


async def test_what_will_never_be_taken_is_buried_at_once(desk: Desk) -> None:
    desk.target.fails = lambda _: Try("answered 410", is_final=True)
    desk.lanes.put(notice(1))

    await until(lambda: desk.ended == [1])

    assert desk.buried == [(1, "answered 410", 1)]


async def test_a_close_leaves_open_what_is_not_taken(desk: Desk) -> None:
    desk.target.fails = lambda _: Try("no", after_seconds=600)
    desk.lanes.put(notice(1))
    await until(lambda: bool(desk.target.tried))

    async with asyncio.timeout(60):
        await desk.lanes.close()

    assert desk.ended == []
    assert desk.buried == []
    assert desk.lanes.pending == 1
    # No slot is held.
    assert desk.target.at_once == 0


async def test_a_bug_in_a_try_is_a_failure_like_any_other(desk: Desk) -> None:
    def fails(event: HookEvent) -> Try | None:
        del event
        if len(desk.target.tried) == 1:
            raise LookupError("a bug")
        return None

    desk.target.fails = fails
    desk.lanes.put(notice(1))

    await until(lambda: desk.ended == [1])
    assert len(desk.target.tried) == 2
