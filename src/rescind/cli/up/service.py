"""`Service`: one process of `rescind up`, started again with back-off whenever it ends by itself.

It is in a session of its own, so that a Ctrl-C at the terminal reaches the supervisor alone,
which then ends everything in order. Must be made in the main thread: Linux tells a child of the
death of the *thread* that made it.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from rescind.cli.up.logfile import last_lines, prepared

__all__ = ["News", "Service"]

_BACKOFF_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_SECONDS: Final = 30.0
_TAIL_LINES: Final = 5

News = Callable[[str, str], None]
"""Told what happened to whom: the name of a service, and a sentence."""


class Service:
    """A command of ours as a process. ``name`` is the command, ``pid`` None while none runs."""

    def __init__(
        self, name: str, log_file: Path, environment: Mapping[str, str], news: News
    ) -> None:
        self.name = name
        self.log_file = log_file
        self.starts = 0
        self._environment = {**os.environ, **environment}
        self._news = news
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        await self._spawn()
        self._watching = asyncio.create_task(self._watch(), name=f"service-{self.name}")

    async def stop(self, grace_seconds: float) -> None:
        """SIGTERM, and SIGKILL after the grace."""
        self._stopping.set()
        watching, self._watching = self._watching, None
        if watching is None:
            return
        self._signal(signal.SIGTERM)
        await asyncio.wait([watching], timeout=grace_seconds)
        if not watching.done():
            self._news(self.name, f"does not end within {grace_seconds:g} s and is killed")
            self._signal(signal.SIGKILL)
            await asyncio.wait([watching])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _spawn(self) -> None:
        self.starts += 1
        # -P: a file in the working directory must not stand in for a module of ours.
        command = (sys.executable, "-P", "-m", "rescind.cli.up.leash", str(os.getpid()), self.name)
        with prepared(self.log_file).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    async def _watch(self) -> None:
        failures = 0
        while True:
            process = self._process
            assert process is not None
            began = time.monotonic()
            code = await process.wait()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
            pause = _BACKOFF_SECONDS[min(max(failures, 1), len(_BACKOFF_SECONDS)) - 1]
            self._tell(code, pause)
            if await self._stopped_within(pause):
                return
            await self._spawn()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    def _tell(self, code: int, pause: float) -> None:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        self._news(self.name, f"{how}; starting it again in {pause:g} s (log: {self.log_file})")
        # One that was killed from outside has nothing to say about it.
        for line in last_lines(self.log_file, _TAIL_LINES) if code >= 0 else []:
            self._news(self.name, f"  {line}")
