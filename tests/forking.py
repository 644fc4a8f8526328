"""`Forked`: the command in a process that is forked from one which has imported all of it.

A worker takes a second of processor time to import what it is made of, and scenarios start
hundreds. A forked one has memory, a log, a working directory and an environment of its own, and
takes any signal. But it has the command line of the process that it is forked from, what an import
reads from the environment was read there, and it leaves without Python's last tidying: where one of
these is to be seen, a process is started plainly.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

__all__ = ["Forked", "ready_to_fork"]

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "rescind.cli.command",
        "rescind.processors.app",
        "rescind.runners.infrastructure.standing",
        "rescind.server.serving",
    ]
)


def ready_to_fork() -> None:
    """Start the process that others are forked from; it ends with this one."""
    process = _CONTEXT.Process(target=_nothing)
    process.start()
    process.join()


class Forked:
    """``rescind`` with these arguments; as much of `subprocess.Popen` as scenarios need."""

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], log: Path, folder: Path
    ) -> None:
        log.touch()
        whole = {**os.environ, **environ}
        self._process = _CONTEXT.Process(target=_become, args=(arguments, whole, log, folder))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("rescind", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        # As `Popen` does: nobody else may have got the number of one that has ended.
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _nothing() -> None:
    pass


def _become(arguments: Sequence[str], environ: Mapping[str, str], log: Path, folder: Path) -> None:
    said = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(said, stream.fileno())
    os.close(said)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.argv[1:] = arguments
    runpy.run_module("rescind", run_name="__main__", alter_sys=True)
