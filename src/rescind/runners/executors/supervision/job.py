"""One order in the hands of a supervisor, until nothing of it runs any more.

::

    working ──worker ends──► leftovers ──none left──► over
                             SIGTERM now, SIGKILL after `LEFTOVER_SECONDS`;
                             after a TERMINATE they keep the time until the KILL

That none is left is not guessed from the process table: a process that adopts orphans and has no
child (`waitpid` says so) has no descendant at all.
"""

import mmap
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import Any, Final

from rescind.runners.executors.base import Rung
from rescind.runners.executors.interrupting.mainthread import INTERRUPT_SIGNAL
from rescind.runners.executors.processtree.identity import Process, descendants
from rescind.runners.executors.processtree.kill import kill_until_gone, send_signal
from rescind.runners.executors.supervision.frames import Frame, decode_frame
from rescind.runners.executors.supervision.tail import Tail
from rescind.runners.executors.supervision.worker import Birth, be_born, work

__all__ = ["KILL_SECONDS_MAX", "LEFTOVER_SECONDS", "CallJob", "CommandJob", "Job", "begin_job"]

LEFTOVER_SECONDS: Final = 1.0
KILL_SECONDS_MAX: Final = 2.0

_LISTED_PROCESSES_MAX: Final = 50  # Evidence has to fit into a record.


class Job(ABC):
    """What every kind of order has in common: the tree, the rungs, the leftovers, the report."""

    def __init__(self, order: Frame, birth: Birth, flag: mmap.mmap) -> None:
        self.number: int = order.head["order"]
        self.pid = 0
        self.descriptor = -1  #: what is readable when the work has something to say
        self._birth = birth
        self._flag = flag
        self._status: int | None = None
        self._taken: set[Rung] = set()
        self._left: dict[int, Process] = {}
        self._killed: dict[int, Process] = {}
        self._survivors: list[Process] = []
        self._kill_leftovers_at: float | None = None
        self._kill_ms: float | None = None

    @abstractmethod
    def read(self) -> bool:
        """Take in what the work has said; ``False`` when it will say no more."""

    @abstractmethod
    def outcome(self) -> tuple[dict[str, Any], bytes]:
        """What the work came to, for the report."""

    @abstractmethod
    def interrupt(self) -> None: ...

    def take(self, rung: Rung) -> None:
        """Take one rung; taking it again is harmless."""
        self._taken.add(rung)
        self._flag[0] = 1
        match rung:
            case Rung.FLAG:
                pass
            case Rung.INTERRUPT:
                if self._status is None:
                    self.interrupt()
            case Rung.TERMINATE:
                self._terminate()
            case Rung.KILL:
                self._kill()

    def ended(self, pid: int, status: int) -> None:
        """A child of the supervisor ended: the worker, or an orphan."""
        if pid == self.pid:
            self._status = status

    def is_over(self, reap: Callable[[], bool]) -> bool:
        """Whether nothing of it runs; sees to leftovers. `reap` says whether there are children."""
        has_children = reap()
        if self._status is None:
            return bool(self._survivors)
        if not has_children or self._survivors:
            return True
        if Rung.KILL in self._taken:
            self._kill(reap)
        elif Rung.TERMINATE not in self._taken:
            self._clear_up(reap)
        return not reap() or bool(self._survivors)

    @property
    def look_again_seconds(self) -> float | None:
        """When `is_over` has to be asked again although nothing happened."""
        if self._status is None or self._kill_leftovers_at is None:
            return None
        return max(0.0, self._kill_leftovers_at - time.monotonic())

    def report(self) -> Frame:
        """What to tell the runner; to be asked when it is over."""
        self._drain()
        outcome, body = self.outcome()
        head = outcome | {
            "order": self.number,
            "pid": self.pid,
            "exit_code": None if self._status is None else os.waitstatus_to_exitcode(self._status),
            "means": "tree" if self._birth.cgroup is None else "cgroup",
            "leftovers": _listing(self._left.values()),
            "killed": _listing(self._killed.values()),
            "killed_count": len(self._killed),
            "survivors": _listing(self._survivors),
            "kill_ms": self._kill_ms,
        }
        return Frame(head, body)

    def _drain(self) -> None:
        # Not until the end of the stream: something left behind may hold the other end open.
        with suppress(BlockingIOError):
            while self.read():
                pass
        os.close(self.descriptor)

    def _clear_up(self, reap: Callable[[], bool]) -> None:
        now = time.monotonic()
        if self._kill_leftovers_at is None:
            self._kill_leftovers_at = now + LEFTOVER_SECONDS
            for process in self._tree():
                self._left[process.pid] = process
            self._terminate()
        elif now >= self._kill_leftovers_at:
            self._kill(reap)

    def _terminate(self) -> None:
        # Parents before children, or a shell would go on to its next command.
        for process in self._tree():
            with suppress(PermissionError):
                send_signal(process, signal.SIGTERM)
                # What is stopped gets the signal only when it goes on.
                send_signal(process, signal.SIGCONT)

    def _kill(self, reap: Callable[[], bool] = lambda: True) -> None:
        cgroup = self._birth.cgroup
        if cgroup is not None:
            self._killed |= {process.pid: process for process in cgroup.members()}
            cgroup.kill()
        report = kill_until_gone(self._tree, seconds_max=KILL_SECONDS_MAX, between=reap)
        self._killed |= {process.pid: process for process in report.killed}
        self._survivors = list(report.survivors)
        if self._kill_ms is None:
            self._kill_ms = round(report.took_ms, 1)

    def _tree(self) -> list[Process]:
        return descendants(os.getpid())


class CallJob(Job):
    """A Python call, in a fork of the supervisor."""

    def __init__(self, order: Frame, birth: Birth, flag: mmap.mmap) -> None:
        super().__init__(order, birth, flag)
        self._said = bytearray()
        self.descriptor, theirs = os.pipe()
        flag[0] = 0
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.descriptor)
            work(order, birth, flag, theirs)
        os.close(theirs)
        os.set_blocking(self.descriptor, False)

    def read(self) -> bool:
        chunk = os.read(self.descriptor, 1 << 20)
        self._said += chunk
        return bool(chunk)

    def outcome(self) -> tuple[dict[str, Any], bytes]:
        answer = decode_frame(bytes(self._said))
        if answer is None:
            return {"outcome": "died"}, b""
        return dict(answer.head), answer.body

    def interrupt(self) -> None:
        os.kill(self.pid, INTERRUPT_SIGNAL)


class CommandJob(Job):
    """A command, which is the worker itself."""

    def __init__(self, order: Frame, birth: Birth, flag: mmap.mmap) -> None:
        super().__init__(order, birth, flag)
        head = order.head
        self._tail = Tail(head["output_bytes_max"])
        self._process = Popen(
            head["command"],
            shell=isinstance(head["command"], str),
            cwd=head["cwd"],
            env=head["environ"],
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            preexec_fn=lambda: be_born(birth),  # noqa: PLW1509 - there is one thread.
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.descriptor = os.dup(self._process.stdout.fileno())
        self._process.stdout.close()
        os.set_blocking(self.descriptor, False)

    def ended(self, pid: int, status: int) -> None:
        super().ended(pid, status)
        if pid == self.pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)

    def read(self) -> bool:
        chunk = os.read(self.descriptor, 1 << 16)
        self._tail.add(chunk)
        return bool(chunk)

    def outcome(self) -> tuple[dict[str, Any], bytes]:
        return {"outcome": "exited", "output_cut": self._tail.is_cut}, self._tail.kept()

    def interrupt(self) -> None:
        # To the group, as a terminal does: the shell and what it runs in front.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGINT)


def begin_job(order: Frame, birth: Birth, flag: mmap.mmap) -> Job | Frame:
    """Begin it, or say in a report why it could not be begun."""
    if "command" not in order.head:
        return CallJob(order, birth, flag)
    try:
        return CommandJob(order, birth, flag)
    except (OSError, ValueError) as error:
        reason = {"type": type(error).__name__, "message": str(error), "traceback": None}
        return Frame({"order": order.head["order"], "outcome": "not_begun", "error": reason})


def _listing(processes: Iterable[Process]) -> list[dict[str, Any]]:
    return [
        {"pid": process.pid, "name": process.name}
        for process in islice(processes, _LISTED_PROCESSES_MAX)
    ]
