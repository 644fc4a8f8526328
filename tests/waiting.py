"""Waiting for a condition, with a bound that only a broken program reaches."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, within_seconds: float = 60
) -> None:
    """Return when the condition holds; fail with its source's name when it never does."""
    end = time.monotonic() + within_seconds
    while True:
        found = condition()
        if await found if isinstance(found, Awaitable) else found:
            return
        assert time.monotonic() < end, f"{condition} did not come true in {within_seconds} s"
        await asyncio.sleep(0.02)
