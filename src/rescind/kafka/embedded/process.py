"""The broker's process: in a session of its own, and never outliving who started it.

Linux sends the signal of a parent's death when the *thread* that started the child ends, and
threads of a pool end while their process goes on. So each broker has a thread of its own that
starts it, waits for it, and lives as long as it does.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

__all__ = ["BrokerProcess"]

# prctl(PR_SET_PDEATHSIG, SIGTERM), then the program. It is a program of its own, since code
# between fork and exec is not safe in a process with threads.
_LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent has ended")
os.execv(sys.argv[2], sys.argv[2:])
"""


class BrokerProcess:
    """A started process. It has ended when ``returncode`` is not None."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        output: Path,
        environment: dict[str, str],
        inherit: Sequence[int] = (),
    ) -> None:
        self._command = [sys.executable, "-ISc", _LAUNCHER, str(os.getpid()), *command]
        self._output = output
        self._environment = environment
        self._inherit = tuple(inherit)
        self._started = threading.Event()
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._live, name="rescind-kafka", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        assert self._process is not None
        return self._process.returncode if self._ended.is_set() else None

    def wait(self, timeout_seconds: float) -> bool:
        """Return whether it has ended, after at most so long."""
        return self._ended.wait(timeout_seconds)

    def end(self, grace_seconds: float) -> bool:
        """SIGTERM, and SIGKILL after the grace. Return whether it ended by itself."""
        self._signal(signal.SIGTERM)
        graceful = self.wait(grace_seconds)
        self.kill()
        return graceful

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._ended.wait()
        self._thread.join()

    def _signal(self, number: signal.Signals) -> None:
        # Its own session makes the process the leader of a group of the same id.
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _live(self) -> None:
        try:
            with self._output.open("wb") as output:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    cwd=self._output.parent,
                    start_new_session=True,
                    pass_fds=self._inherit,
                )
        except OSError as error:
            self._error = error
        finally:
            self._started.set()
        if self._process is not None:
            self._process.wait()
        self._ended.set()
