"""The runner's side of one supervisor: start it, give it an order, pass rungs on, believe nothing.

A supervisor that is gone or does not answer after a kill is ended from here, with all that it
looked after: by its cgroup, by its parent links, and by a variable in the environment that every
process below it was born with.
"""

import json
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rescind.errors import SupervisorError
from rescind.runners.executors.base import Rung
from rescind.runners.executors.processtree.cgroup import Cgroup
from rescind.runners.executors.processtree.identity import Process, carriers, descendants
from rescind.runners.executors.processtree.kill import kill_until_gone
from rescind.runners.executors.supervision.frames import (
    Frame,
    encode_frame,
    receive_frame,
    send_frame,
)
from rescind.runners.executors.supervision.job import KILL_SECONDS_MAX

__all__ = ["TREE_VARIABLE", "Errand", "Slot"]

TREE_VARIABLE: Final = "RESCIND_PROCESS_TREE"

_START_SECONDS_MAX: Final = 60.0
_ANSWER_SECONDS_MAX: Final = 30.0
_LOOK_AGAIN_MS: Final = 500

# The search path first, or a user's folder could hold another `rescind` than this one.
_BOOT: Final = (
    "import json, sys; start = json.loads(sys.argv[1]); sys.path[:] = start['path']; "
    "from rescind.runners.executors.supervision.supervisor import main; main(start)"
)


class Errand:
    """One order on its way: rungs may be taken from any thread, also before it was sent."""

    def __init__(self, slot: "Slot", number: int) -> None:
        self._slot = slot
        self._number = number
        self._lock = threading.Lock()
        self._waiting: list[Rung] = []
        self._sent = False
        self.killed_at: float | None = None

    def take(self, rung: Rung) -> str | None:
        """Pass it on; a sentence if that did not work."""
        with self._lock:
            if rung is Rung.KILL and self.killed_at is None:
                self.killed_at = time.monotonic()
            if not self._sent:
                self._waiting.append(rung)
                return None
            return self._pass_on(rung)

    def run(self, head: Mapping[str, Any], body: bytes) -> Frame:
        """Have it carried out; returns the report when nothing of it runs any more.

        Raises:
            SupervisorError: no supervisor could be started.

        """
        slot = self._slot
        slot.start()
        try:
            send_frame(slot.connection, slot.addressed(self._number, head, body))
            with self._lock:
                self._sent = True
                for rung in self._waiting:
                    self._pass_on(rung)
            report = slot.report_of(self)
        except OSError:
            report = None
        if report is None:
            return slot.end_from_here()
        if report.head.get("survivors"):
            slot.close()
        return report

    @property
    def number(self) -> int:
        return self._number

    def _pass_on(self, rung: Rung) -> str | None:
        frame = encode_frame(Frame({"order": self._number, "rung": rung.value}))
        try:
            # A rung is smaller than any buffer: it goes as a whole or not at all.
            self._slot.connection.send(frame, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return "its supervisor does not read"
        except OSError:
            return "its supervisor is gone, and its tree is being ended"
        return None


class Slot:
    """Room for one attempt at a time; used by one thread, except for `Errand.take`."""

    def __init__(self, *, use_cgroup: bool = True, preload: Sequence[str] = ()) -> None:
        self._use_cgroup = use_cgroup
        self._preload = list(preload)
        self._orders = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = ""
        self._cgroup: Cgroup | None = None
        self.connection = _closed_socket()

    def errand(self) -> Errand:
        self._orders += 1
        return Errand(self, self._orders)

    def addressed(self, number: int, head: Mapping[str, Any], body: bytes) -> Frame:
        """The order with its number, and with the mark by which its processes are found."""
        environ = {**head["environ"], TREE_VARIABLE: self._mark}
        return Frame({**head, "environ": environ, "order": number}, body)

    def start(self) -> None:
        """Have a living supervisor.

        Raises:
            SupervisorError: none could be started.

        """
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self.connection, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = self._spawn(theirs)
            except OSError as error:
                raise SupervisorError(f"it cannot be started ({error})") from error
        self.connection.settimeout(_START_SECONDS_MAX)
        hello = self._hello()
        if hello is None:
            self.end_from_here()
            raise SupervisorError("it ended at once, or said nothing for a minute")
        self._cgroup = None if hello.head["cgroup"] is None else Cgroup(Path(hello.head["cgroup"]))
        self.connection.settimeout(_ANSWER_SECONDS_MAX)

    def report_of(self, errand: Errand) -> Frame | None:
        """Wait for its report; ``None`` when the supervisor is gone, or silent after a kill."""
        readable = select.poll()
        readable.register(self.connection, select.POLLIN)
        while True:
            if readable.poll(_LOOK_AGAIN_MS):
                frame = receive_frame(self.connection)
                if frame is None or frame.head["order"] == errand.number:
                    return frame
            killed_at = errand.killed_at
            if killed_at is not None and time.monotonic() - killed_at > 2 * KILL_SECONDS_MAX:
                return None

    def end_from_here(self) -> Frame:
        """End the tree without the supervisor's help, and write the report in its place."""
        process = self._process
        pid = None if process is None else process.pid
        found: dict[int, Process] = {}

        def below() -> list[Process]:
            # The supervisor last: while it is there, it adopts what loses its parent.
            tree = {each.pid: each for each in self._carriers() if each.pid != pid}
            tree |= {each.pid: each for each in descendants(pid or 0) if pid is not None}
            found.update(tree)
            return list(tree.values())

        if self._cgroup is not None:
            self._cgroup.kill()
        kill_until_gone(below, seconds_max=KILL_SECONDS_MAX)
        if process is not None:
            process.kill()
            process.wait()
        report = kill_until_gone(below, seconds_max=KILL_SECONDS_MAX)
        self.close()
        return Frame(
            {
                "outcome": "lost",
                "pid": pid,
                "exit_code": None if process is None else process.returncode,
                "means": "environment" if self._cgroup is None else "cgroup",
                "killed": [{"pid": each.pid, "name": each.name} for each in found.values()],
                "leftovers": [],
                "survivors": [{"pid": each.pid, "name": each.name} for each in report.survivors],
            }
        )

    def close(self) -> None:
        """Hang up: the supervisor kills what it still has, and ends."""
        self.connection.close()
        if self._process is not None:
            try:
                self._process.wait(2 * KILL_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._cgroup is not None:
            self._cgroup.remove()

    def _spawn(self, theirs: socket.socket) -> "subprocess.Popen[bytes]":
        self._mark = secrets.token_hex(16)
        start = {
            "descriptor": theirs.fileno(),
            "runner_pid": os.getpid(),
            "cgroup": self._use_cgroup,
            "preload": self._preload,
            "path": [str(entry) for entry in sys.path],
        }
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, json.dumps(start)],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env=os.environ | {TREE_VARIABLE: self._mark},
            start_new_session=True,  # A person's Ctrl-C is for the runner.
        )

    def _hello(self) -> Frame | None:
        try:
            return receive_frame(self.connection)
        except TimeoutError:
            return None

    def _carriers(self) -> list[Process]:
        return carriers(TREE_VARIABLE, self._mark) if self._mark else []


def _closed_socket() -> socket.socket:
    nowhere = socket.socket(socket.AF_UNIX)
    nowhere.close()
    return nowhere
