"""A flow runner as a process of its own session on this host.

It outlives who started it, and a Ctrl-C at a terminal does not reach it. It is known again by its
pid with its start time, by the boot in which those counted, and by a mark in its environment that
all it starts inherits: what is left of it is found by that when it is gone itself. Where this user
may make a cgroup it has one, and nothing leaves that.

What it starts with a cleaned environment, and lets go of, is found by the cgroup only.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from rescind.errors import (
    NotMatchingError,
    NotStartedError,
    StillRunningError,
    UnauthorisedError,
)
from rescind.events.words import Handle
from rescind.runners.client.scope import Scope
from rescind.runners.executors.processtree.cgroup import Cgroup
from rescind.runners.executors.processtree.identity import (
    Identity,
    Process,
    carriers,
    descendants,
    is_running,
    read_process,
)
from rescind.runners.executors.processtree.kill import kill_until_gone, send_signal
from rescind.runners.infrastructure.base import (
    HANDLE_VARIABLE,
    JOB_VARIABLE,
    Evidence,
    Job,
    Status,
)

__all__ = ["KIND", "ProcessIdentity", "ProcessInfrastructure", "identity_here"]

KIND: Final = "process"
_KILL_SECONDS_MAX: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 0.05
_NAMED_MAX: Final = 100
_ENDING_LOOKS: Final = 500
_ENDING_LOOK_SECONDS: Final = 0.02


class ProcessIdentity(BaseModel):
    """By what a process is known again. `cgroup` is its folder, if it has one of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    pid: int = Field(gt=1)
    start_ticks: int = Field(ge=0)
    boot_id: str = Field(min_length=1)
    mark: str = Field(pattern=r"^[0-9a-f]{32}$")
    cgroup: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        """As a handle has it."""
        return self.model_dump(mode="json", exclude_none=True)


def identity_here(pid: int, mark: str, cgroup: str | None) -> ProcessIdentity | None:
    """The identity of a process that runs now; None: it does not."""
    process = read_process(pid)
    if process is None:
        return None
    ticks = process.identity.start_ticks
    return ProcessIdentity(pid=pid, start_ticks=ticks, boot_id=_boot_id(), mark=mark, cgroup=cgroup)


class ProcessInfrastructure:
    """The processes of this host, as this user may end them.

    Args:
        command: what starts a flow runner; the arguments of a job come after it.

    """

    kind = KIND

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "rescind")) -> None:
        self._command = list(command)
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def scope(self) -> str:
        return str(Scope.host())

    def start(self, job: Job) -> Handle:
        mark = secrets.token_hex(16)
        cgroup = Cgroup.make(f"rescind-{mark}-{os.getpid()}")
        folder = None if cgroup is None else str(cgroup.folder)
        handle = Handle(
            kind=KIND,
            scope=self.scope,
            # The rest is known once it runs: it fills that in itself (`hosted`).
            identity={"mark": mark, **({} if folder is None else {"cgroup": folder})},
            exclusive_to=job.flow_run_id,
        )
        told = {HANDLE_VARIABLE: handle.model_dump_json(exclude_none=True), JOB_VARIABLE: mark}
        try:
            process = subprocess.Popen(
                [*self._command, *job.arguments],
                env={**os.environ, **job.environment, **job.secrets, **told},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise NotStartedError(f"flow run {job.flow_run_id}", str(error)) from None
        self._started[process.pid] = process
        identity = identity_here(process.pid, mark, folder)
        assert identity is not None, "nobody else waits for it, so it is there as a zombie at least"
        return handle.model_copy(update={"identity": identity.to_dict()})

    def stop(self, handle: Handle, grace_seconds: float) -> Evidence:
        meant = self._meant(handle)
        found = self._tree(meant)
        about: dict[str, JsonValue] = {"pid": meant.pid, "start_ticks": meant.start_ticks}
        if not found:
            return Evidence("not_found", about)
        began = time.monotonic()
        leader = next((each for each in found if each.identity == _identity(meant)), None)
        gave_way = False
        if leader is not None and grace_seconds > 0:
            _terminate(leader)
            gave_way = self._wait_until_gone(leader, grace_seconds)
        # What it leaves behind has no more of the grace, as in a container.
        report = kill_until_gone(
            lambda: self._tree(meant, leader), seconds_max=_KILL_SECONDS_MAX, between=self._reap
        )
        if report.survivors:
            names = ", ".join(f"{process.pid} ({process.name})" for process in report.survivors)
            raise StillRunningError(_named(meant), f"these are left: {names}")
        about["after_ms"] = round(1000 * (time.monotonic() - began))
        about["killed"] = [process.pid for process in report.killed[:_NAMED_MAX]]
        return Evidence("terminated" if gave_way else "killed", about)

    def status(self, handle: Handle) -> Status:
        meant = self._meant(handle)
        started = self._started.get(meant.pid)
        if started is not None and (code := started.poll()) is not None:
            return Status("ended", code)
        if any(process.pid == meant.pid for process in self._tree(meant)):
            return Status("running")
        # One that has ended between the two looks has left its code by now.
        if started is not None and (code := started.poll()) is not None:
            return Status("ended", code)
        return Status("not_found")

    def show(self, handle: Handle) -> None:
        """It has the streams of who started it."""
        started = self._started.get(self._meant(handle).pid)
        if started is not None:
            started.wait()

    def clear(self, handle: Handle) -> None:
        meant = self._meant(handle)
        if (cgroup := _cgroup(meant)) is not None:
            cgroup.remove()

    def _meant(self, handle: Handle) -> ProcessIdentity:
        """Raises `NotMatchingError`: it is none of ours, or of another place or time."""
        what = f"{handle.kind} {handle.identity.get('pid', '')}".strip()
        if (handle.kind, handle.scope) != (KIND, self.scope):
            raise NotMatchingError(what, f"it is a {handle.kind} in {handle.scope}")
        try:
            meant = ProcessIdentity.model_validate(handle.identity)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(step) for step in first["loc"])
            raise NotMatchingError(what, f"its identity has no fitting {key!r}") from None
        if meant.boot_id != _boot_id():
            # Ended by the boot, or a process of a twin with the same machine id.
            why = "it was started in another boot: this host has been started since, or is a twin"
            raise NotMatchingError(what, why)
        return meant

    def _tree(self, meant: ProcessIdentity, known: Process | None = None) -> list[Process]:
        """What runs of the job, itself first.

        `known`: that very process, seen with its mark before. While it ends it has none any more.

        Raises `NotMatchingError` if that very process runs and carries no mark.
        """
        self._reap()
        found: dict[int, Process] = {}
        cgroup = _cgroup(meant)
        members = [] if cgroup is None else cgroup.members()
        leader = known or next((one for one in members if one.identity == _identity(meant)), None)
        if known is not None and not is_running(known.identity):
            leader = None
        elif leader is None:
            leader = _leader(meant)
        if leader is not None:
            found[leader.pid] = leader
            found |= {process.pid: process for process in descendants(leader.pid)}
        found |= {process.pid: process for process in members}
        found |= {process.pid: process for process in carriers(JOB_VARIABLE, meant.mark)}
        # Whoever ends it may have been started by it.
        found.pop(os.getpid(), None)
        return list(found.values())

    def _wait_until_gone(self, leader: Process, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while is_running(leader.identity):
            if (left := until - time.monotonic()) <= 0:
                return False
            time.sleep(min(left, _LOOK_AGAIN_SECONDS))
            self._reap()
        return True

    def _reap(self) -> None:
        for process in self._started.values():
            process.poll()


def _identity(meant: ProcessIdentity) -> Identity:
    return Identity(meant.pid, meant.start_ticks)


def _leader(meant: ProcessIdentity) -> Process | None:
    """That very process, if it runs and carries the mark.

    Raises `NotMatchingError` if it carries none, `UnauthorisedError` if that may not be seen, and
    `StillRunningError` if it takes too long to end.
    """
    for _ in range(_ENDING_LOOKS):
        process = read_process(meant.pid)
        if process is None or process.identity != _identity(meant) or process.is_dead:
            return None
        try:
            environ = Path(f"/proc/{meant.pid}/environ").read_bytes()
        except PermissionError:
            raise UnauthorisedError(_named(meant), "it is somebody else's") from None
        except OSError:
            continue  # It has ended in this moment.
        if f"{JOB_VARIABLE}={meant.mark}".encode() in environ.split(b"\0"):
            return process
        if environ:
            raise NotMatchingError(
                _named(meant), "it was not started as one: it carries no mark of it"
            )
        # One that is ending has no environment any more, a moment before it is dead. On a busy
        # machine more than a second was seen.
        time.sleep(_ENDING_LOOK_SECONDS)
    raise StillRunningError(_named(meant), "it is ending, and has not ended yet")


def _terminate(leader: Process) -> None:
    try:
        send_signal(leader, signal.SIGTERM)
    except PermissionError:
        raise UnauthorisedError(f"process {leader.pid}", "it is somebody else's") from None


def _cgroup(meant: ProcessIdentity) -> Cgroup | None:
    """Its own, and never another one that a handle may name."""
    if meant.cgroup is None:
        return None
    folder = Path(meant.cgroup)
    is_its = folder.name.startswith(f"rescind-{meant.mark}-") and (folder / "cgroup.kill").exists()
    return Cgroup(folder) if is_its else None


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _named(meant: ProcessIdentity) -> str:
    return f"process {meant.pid}"
