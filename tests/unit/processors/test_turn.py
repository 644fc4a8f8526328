"""Whose turn it is to decide: who has something that stops work first, and nobody never."""

import asyncio
from collections.abc import Callable

from rescind.processors.shared.turn import Turn


class Partitions:
    """Partitions that want the turn, and the order in which they got it."""

    def __init__(self) -> None:
        self.turn = Turn()
        self.order = list[str]()
        self._tasks = dict[str, asyncio.Task[None]]()

    async def wants(self, name: str, is_urgent: Callable[[], bool] = lambda: False) -> None:
        """Let this one ask for the turn, and give it back as soon as it has it."""
        self._tasks[name] = asyncio.create_task(self._once(name, is_urgent))
        await asyncio.sleep(0)

    async def gives_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait([self._tasks[name]])

    async def all(self) -> str:
        """The names of those who had it, once everybody has had it or given up."""
        await asyncio.wait(self._tasks.values())
        for task in self._tasks.values():
            if not task.cancelled():
                task.result()
        return " ".join(self.order)

    async def _once(self, name: str, is_urgent: Callable[[], bool]) -> None:
        async with self.turn.taken(is_urgent):
            self.order.append(name)
            await asyncio.sleep(0)
            assert self.order[-1] == name, "two at a time"


def always() -> bool:
    return True


async def test_one_decides_at_a_time_in_the_order_in_which_they_asked() -> None:
    partitions = Partitions()
    for name in "abc":
        await partitions.wants(name)

    assert await partitions.all() == "a b c"


async def test_who_has_something_that_stops_work_goes_first() -> None:
    partitions = Partitions()
    async with partitions.turn.taken(always):
        await partitions.wants("a")
        wanted = [partitions.turn.is_wanted]
        await partitions.wants("b", always)
        wanted.append(partitions.turn.is_wanted)

    assert wanted == [False, True]
    assert await partitions.all() == "b a"


async def test_it_may_come_while_somebody_waits_already() -> None:
    partitions = Partitions()
    stops = list[str]()
    async with partitions.turn.taken(always):
        await partitions.wants("a")
        await partitions.wants("b", lambda: bool(stops))
        stops.append("a cancel")

    assert await partitions.all() == "b a"


async def test_who_only_starts_work_is_passed_over_three_times_at_most() -> None:
    partitions = Partitions()
    async with partitions.turn.taken(always):
        await partitions.wants("a")
        for name in "bcdef":
            await partitions.wants(name, always)

    assert await partitions.all() == "b c d a e f"


async def test_who_gives_up_while_it_waits_is_left_out() -> None:
    partitions = Partitions()
    async with partitions.turn.taken(always):
        await partitions.wants("a")
        await partitions.wants("b")
        await partitions.gives_up("a")

    assert await partitions.all() == "b"


async def test_who_gives_up_at_the_moment_it_gets_the_turn_passes_it_on() -> None:
    partitions = Partitions()
    async with partitions.turn.taken(always):
        await partitions.wants("a")
        await partitions.wants("b")
    # The turn is a's by now, and a has not run yet.
    await partitions.gives_up("a")

    assert await partitions.all() == "b"


async def test_a_failure_gives_the_turn_back() -> None:
    partitions = Partitions()
    try:
        async with partitions.turn.taken(always):
            raise ZeroDivisionError
    except ZeroDivisionError:
        await partitions.wants("a")

    assert await partitions.all() == "a"
