"""The same for coroutines; apart, since it takes a process 40 ms to import asyncio."""

import asyncio

from benchmarks.load.work import say
from rescind import flow, task

__all__ = ["of_one_coroutine"]


@task
async def awaits(file: str) -> None:
    """Awaits until it is cancelled."""
    say(file, "began")
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        say(file, "noticed")
        raise


@flow
async def of_one_coroutine(file: str) -> None:
    await awaits.submit(file)
