"""What a transaction goes on with of the sweeps that are owed: a few task runs at a time.

A whole chunk in one go would hold up every partition of the process for as long as it takes.
"""

import asyncio
from collections.abc import Callable, Iterable

from rescind.processors.lifecycle.lifecycle import Batch
from rescind.statemachine.sweeps import Sweep

__all__ = ["go_on"]

AT_ONCE = 50
"""Task runs: 4 to 5 ms of a processor."""


async def go_on(batch: Batch, owed: Iterable[Sweep], is_wanted: Callable[[], bool]) -> list[Sweep]:
    """Sweep until the chunk is full, all is swept, or somebody waits who goes first.

    Returns:
        The sweeps that have gone on, be it through or not.

    """
    gone_on = list[Sweep]()
    for sweep in owed:
        gone_on.append(sweep)
        while batch.sweep(sweep, AT_ONCE):
            await asyncio.sleep(0)
            if is_wanted():
                return gone_on
    return gone_on
