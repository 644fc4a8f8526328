"""The demo's own use of the command: `rescind run` and `rescind cancel`, as processes.

What they say goes to a log: the story on the screen is the journal's.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

__all__ = ["running", "spawned"]


async def spawned(log: Path, environment: Mapping[str, str], *arguments: str) -> Process:
    """Start ``rescind`` with these arguments, in a session of its own."""
    with log.open("ab") as file:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "rescind", *arguments),
            stdin=DEVNULL,
            stdout=file,
            stderr=STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )


@asynccontextmanager
async def running(
    log: Path, environment: Mapping[str, str], *arguments: str
) -> AsyncGenerator[Process]:
    """The same for a while: at the end it is killed, if it has not ended by then."""
    process = await spawned(log, environment, *arguments)
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
