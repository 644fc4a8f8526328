"""Flows of the scenarios with more at once than a person counts; `flows` runs them."""

import asyncio
from pathlib import Path

from rescind import flow, task

# The last of them begins while the first one still waits, however busy the machine is.
_LONG_SECONDS = 600


@task
async def waits_with_others(folder: Path, number: int) -> None:
    (folder / f"waits.{number}").touch()
    await asyncio.sleep(_LONG_SECONDS)


@flow
async def a_thousand_at_once(folder: Path) -> None:
    for future in [waits_with_others.submit(folder, number) for number in range(1_000)]:
        await future
