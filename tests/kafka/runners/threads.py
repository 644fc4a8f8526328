"""Work of a test in a thread, beside the event loop in which the service of the test runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

__all__ = ["in_a_thread", "working"]


async def in_a_thread(work: Callable[[], None]) -> None:
    """Do it, and raise what it raises."""
    async with working(work):
        pass


@asynccontextmanager
async def working(work: Callable[[], None]) -> AsyncIterator[None]:
    """Do it beside what is done inside; wait for its end."""
    # A pool of its own: the loop's own one would still be there when the test is over.
    with ThreadPoolExecutor(1) as pool:
        done = asyncio.get_running_loop().run_in_executor(pool, work)
        try:
            yield
        finally:
            await done
