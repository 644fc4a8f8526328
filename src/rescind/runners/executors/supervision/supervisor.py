"""The supervisor's loop: orders and rungs in, reports out, and an eye on the runner.

It has one thread and never waits for anything but `poll`, except in a kill, which is bounded. It is
started by `slot` with a JSON object as its argument: the descriptor of its socket, the runner's
pid, whether to use a cgroup, and what to import ahead of the first fork.
"""

import importlib
import mmap
import os
import select
import signal
import socket
from collections.abc import Mapping
from typing import Any, Final

from rescind.runners.executors.base import Rung
from rescind.runners.executors.interrupting.mainthread import main_regions
from rescind.runners.executors.processtree.cgroup import Cgroup
from rescind.runners.executors.processtree.prctl import adopt_orphans
from rescind.runners.executors.supervision.frames import Frame, receive_frame, send_frame
from rescind.runners.executors.supervision.job import Job, begin_job
from rescind.runners.executors.supervision.worker import Birth

__all__ = ["main"]

_LOOK_AGAIN_SECONDS: Final = 1.0


def main(start: Mapping[str, Any]) -> None:
    """Serve the runner until it hangs up or is gone."""
    adopt_orphans()
    supervisor = Supervisor(start)
    try:
        supervisor.serve(start["preload"])
    finally:
        supervisor.leave()


class Supervisor:
    """Looks after one job at a time."""

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._runner_pid: int = start["runner_pid"]
        self._connection = socket.socket(fileno=start["descriptor"])
        self._cgroup = Cgroup.make(f"rescind-{os.getpid()}") if start["cgroup"] else None
        self._flag = mmap.mmap(-1, mmap.PAGESIZE)
        self._job: Job | None = None
        self._goes_on = True
        self._poll = select.poll()
        self._poll.register(self._connection, select.POLLIN)
        self._runner = _watch(self._runner_pid)
        if self._runner is not None:
            self._poll.register(self._runner, select.POLLIN)
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll.register(self._woken, select.POLLIN)

    def serve(self, preload: list[str]) -> None:
        self._set_signals()
        for name in preload:
            importlib.import_module(name)
        send_frame(
            self._connection,
            Frame({"cgroup": None if self._cgroup is None else str(self._cgroup.folder)}),
        )
        # The parent's pid too, where there is no descriptor that tells.
        while self._goes_on and os.getppid() == self._runner_pid:
            self._wait()
            if self._job is not None and self._job.is_over(self._reap):
                self._report(self._job.report())

    def leave(self) -> None:
        """Leave nothing behind."""
        if self._job is not None:
            self._job.take(Rung.KILL)
        self._reap()
        if self._cgroup is not None:
            self._cgroup.remove()

    def _set_signals(self) -> None:
        # Only so that they end the poll. The worker inherits the handler of the interrupt, so
        # that none can come before it is in place.
        signal.signal(signal.SIGCHLD, _nothing)
        signal.signal(signal.SIGTERM, self._hang_up)
        # Not SIG_IGN: commands would inherit that, and could not be interrupted.
        signal.signal(signal.SIGINT, _nothing)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        main_regions().install(signals_are_requests=True)

    def _hang_up(self, _number: int, _frame: object) -> None:
        self._goes_on = False

    def _wait(self) -> None:
        for descriptor, _events in self._poll.poll(self._timeout_ms()):
            if descriptor == self._connection.fileno():
                self._hear()
            elif descriptor == self._runner:
                self._goes_on = False
            elif descriptor == self._woken:
                os.read(self._woken, 4096)
            elif self._job is not None and not self._job.read():
                self._poll.unregister(descriptor)

    def _timeout_ms(self) -> float:
        seconds = None if self._job is None else self._job.look_again_seconds
        return 1000 * (_LOOK_AGAIN_SECONDS if seconds is None else seconds) + 1

    def _hear(self) -> None:
        frame = receive_frame(self._connection)
        if frame is None:
            self._goes_on = False
        elif "rung" not in frame.head:
            self._begin(frame)
        elif self._job is not None and self._job.number == frame.head["order"]:
            # A rung for an earlier order is late: that one has ended.
            self._job.take(Rung(frame.head["rung"]))

    def _begin(self, order: Frame) -> None:
        mine = (self._connection.fileno(), self._runner, self._woken, self._wake)
        birth = Birth(
            supervisor_pid=os.getpid(),
            cgroup=self._cgroup,
            only_supervisors=tuple(descriptor for descriptor in mine if descriptor is not None),
        )
        job = begin_job(order, birth, self._flag)
        if isinstance(job, Frame):
            self._report(job)
            return
        self._job = job
        self._poll.register(job.descriptor, select.POLLIN)

    def _report(self, report: Frame) -> None:
        if self._job is not None:
            self._forget(self._job.descriptor)
            self._job = None
        try:
            send_frame(self._connection, report)
        except OSError:
            self._goes_on = False

    def _forget(self, descriptor: int) -> None:
        try:
            self._poll.unregister(descriptor)
        except KeyError:
            return  # It had said all.

    def _reap(self) -> bool:
        """Take note of every child that has ended; whether there are others."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if self._job is not None:
                self._job.ended(pid, status)


def _nothing(_number: int, _frame: object) -> None:
    """A handler that only lets the poll end."""


def _watch(pid: int) -> int | None:
    """A descriptor that is readable when the runner is gone, also while others hold its socket."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None  # It is gone, or the kernel cannot: the parent's pid tells, a second later.
