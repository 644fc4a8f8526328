"""Ctrl-C on a command's event loop, at each moment that it can come."""

import asyncio
import signal
from collections.abc import Callable

import pytest

from rescind.cli.looping import in_loop


def press() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def _as_in_a_command() -> None:
    """A runner of tests may have Ctrl-C for itself."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_work_that_nobody_stops_has_its_value() -> None:
    async def work() -> str:
        return "done"

    assert in_loop(work()) == "done"


def test_work_is_cancelled_and_cleans_up() -> None:
    seen: list[str] = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(press)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    with pytest.raises(KeyboardInterrupt):
        in_loop(work())

    assert seen == ["cleaned up"]


def test_pressed_as_the_work_ends_by_itself_it_is_not_lost() -> None:
    async def work() -> str:
        press()
        return "done"

    with pytest.raises(KeyboardInterrupt):
        in_loop(work())


def test_pressed_as_the_loop_is_closed_it_waits_until_that_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loops.append(loop)
        monkeypatch.setattr(loop, "shutdown_asyncgens", pressing(loop.shutdown_asyncgens))

    with pytest.raises(KeyboardInterrupt):
        in_loop(work())

    assert loops[0].is_closed()


def test_pressed_again_it_does_not_wait() -> None:
    async def work() -> None:
        press()
        press()

    with pytest.raises(KeyboardInterrupt):
        in_loop(work())


def test_an_error_of_the_work_is_that_error() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_loop(work())


def test_work_that_is_cancelled_by_something_else_says_so() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        in_loop(work())


def test_afterwards_it_is_python_s_again() -> None:
    async def work() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, press)

    in_loop(work())

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def pressing(function: Callable[[], object]) -> Callable[[], object]:
    def pressed() -> object:
        press()
        return function()

    return pressed
