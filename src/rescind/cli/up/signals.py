"""Ctrl-C and SIGTERM, for commands that have more to do than to end: once to stop, twice to go."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output

__all__ = ["stop_requested", "unless_stopped"]

T = TypeVar("T")


@contextmanager
def stop_requested(output: Output) -> Generator[asyncio.Event]:
    """Yield an event that is set by the first signal. The second one ends this process at once.

    What this process has started then ends by itself: it is told of its supervisor's death.
    """
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if asked.is_set():
            os._exit(Exit.INTERRUPTED)
        asked.set()
        output.say("Stopping; once more ends it at once.", "dim")

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, ask)
    try:
        yield asked
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def unless_stopped(asked: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work, or stop it where it is when that is asked for; its value, or None."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait({working, stopping})
