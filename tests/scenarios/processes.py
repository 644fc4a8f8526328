"""Processes of a scenario: workers, flows, commands; killed, stopped and let go on, none left."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from tests.forking import Forked
from tests.waiting import until

__all__ = ["ROOT", "Process", "until_none_runs_with", "whose_command_names"]

ROOT = Path(__file__).parents[2]

# Faust imports a web client, which reads every certificate of the machine, twice; pydantic looks
# for plugins in every package that is installed. No process of a scenario has a use for either,
# and a start of a worker takes 0.1 s of processor time less.
_QUICK_TO_START: Final = {
    "SSL_CERT_FILE": os.devnull,
    "SSL_CERT_DIR": os.devnull,
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


# Nothing of their own start is looked at in a scenario.
_FORKED: Final = frozenset({"agents", "runner", "server", "topics", "worker"})


class Process:
    """One Python process of a scenario; what it prints is in its log."""

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        folder: Path = ROOT,
    ) -> None:
        self.log = log
        match arguments:
            case ["-m", "rescind", *words] if words[0] in _FORKED:
                self._process: Forked | subprocess.Popen[bytes] = Forked(
                    words, environ, log, folder
                )
            case _:
                self._process = _started(arguments, environ, log, folder)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def signal(self, number: signal.Signals) -> None:
        """Send it this signal."""
        self._process.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP: it does nothing more, and does not know it."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had been."""
        self._process.send_signal(signal.SIGCONT)

    async def exit_code(self, *, within_seconds: float = 60) -> int:
        """Wait for the end."""
        end = time.monotonic() + within_seconds
        while (code := self._process.poll()) is None:
            assert time.monotonic() < end, f"it has not ended; it said: {self.said()[-2000:]}"
            await asyncio.sleep(0.02)
        return code

    def wait(self, *, within_seconds: float = 60) -> int:
        """Wait for the end, outside of any event loop."""
        return self._process.wait(within_seconds)

    def end(self) -> None:
        """Kill it if it is still there."""
        if not self.has_ended:
            self.kill()

    def said(self) -> str:
        """All that it has printed."""
        return self.log.read_text(errors="replace")


def _started(
    arguments: Sequence[str], environ: Mapping[str, str], log: Path, folder: Path
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, **_QUICK_TO_START, **environ},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def whose_command_names(mark: str) -> list[psutil.Process]:
    """Processes of this machine with this text in their command line, zombies left out."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
            if any(mark in part for part in line) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def until_none_runs_with(mark: str) -> None:
    """Wait until the table of processes has none whose command line says this."""
    await until(lambda: not whose_command_names(mark), within_seconds=20)
