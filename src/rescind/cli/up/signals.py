"""Ctrl-C and SIGTERM, for commands that have more to do than to end: once to stop, twice to go."""

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output

__all__ = ["stop_requested"]


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
