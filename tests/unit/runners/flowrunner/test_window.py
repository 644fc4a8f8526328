"""How many are asked for at once: twice what can run, and more only where they end faster."""

import asyncio

from rescind.runners.flowrunner.window import Window


async def taken(window: Window) -> int:
    """Take every place that there is."""
    count = 0
    while True:
        waiting = asyncio.ensure_future(window.acquire())
        await asyncio.sleep(0)
        if not waiting.done():
            waiting.cancel()
            return count
        count += 1


async def test_at_first_there_are_twice_as_many_places_as_can_run() -> None:
    window = Window(3)

    assert window.size == await taken(window) == 6


async def test_what_runs_for_long_gets_no_more() -> None:
    window = Window(3)
    window.granted_after(0.015)
    window.ran_for(10)

    assert window.size == await taken(window) == 6


async def test_what_ends_before_leave_comes_gets_as_many_as_end_meanwhile() -> None:
    window = Window(2)
    window.granted_after(0.015)
    window.ran_for(0.0015)

    assert window.size == await taken(window) == 2 * 11


async def test_there_is_a_bound_however_short_they_are() -> None:
    window = Window(2)
    window.granted_after(60)
    window.ran_for(0)

    assert window.size == await taken(window) == 64


async def test_places_that_are_not_wanted_any_more_go_as_they_are_given_back() -> None:
    window = Window(2)
    window.granted_after(0.015)
    window.ran_for(0.0015)
    count = await taken(window)
    for _ in range(50):
        window.ran_for(10)
    assert window.size == 4

    for _ in range(count):
        window.release()

    assert await taken(window) == 4


async def test_whoever_waits_has_the_place_that_comes() -> None:
    window = Window(1)
    await taken(window)
    waiting = asyncio.ensure_future(window.acquire())
    window.granted_after(0.015)
    window.ran_for(0.0015)

    await asyncio.wait_for(waiting, 60)
