"""Attempts in processes of their own: one call of `run` for each, and rungs from any thread.

What a report of a supervisor means for an attempt is said here, and nowhere else.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rescind.errors import CommandFailedError, SupervisorError
from rescind.runners.executors.answers import end_of_answer, pack_call
from rescind.runners.executors.base import (
    AttemptKey,
    Command,
    CommandResult,
    How,
    Json,
    Rung,
    RungResult,
    Work,
    WorkEnd,
    WorkError,
)
from rescind.runners.executors.ends import (
    describe,
    end_of_death,
    end_of_value,
    signal_name,
)
from rescind.runners.executors.held import HeldAttempt
from rescind.runners.executors.supervision.frames import Frame
from rescind.runners.executors.supervision.slot import Errand, Slot

__all__ = ["Parcel", "SupervisedAttempts", "pack"]

# What every task is made with, so that no attempt imports it anew (7 ms).
_OWN: Final = ("rescind.runners.sdk",)
_SAYS: Final = {
    Rung.FLAG: "the flag is set",
    Rung.INTERRUPT: "it was interrupted",
    Rung.TERMINATE: "SIGTERM to every process of it",
    Rung.KILL: "SIGKILL to every process of it, until none is left",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """An order, ready to be sent: what the work was when it was submitted."""

    head: Mapping[str, Any]
    body: bytes = b""


def pack(work: Work) -> Parcel:
    """Take down the work as it is now: later changes of its arguments do not reach it.

    Raises:
        ArgumentsNotSentError: the call or its arguments cannot be pickled.

    """
    does = work.does
    head: dict[str, Any] = {
        "key": [work.key.flow_run_id, work.key.task_run_id, work.key.attempt],
        "name": work.name,
        "environ": dict(os.environ),
        "cwd": os.getcwd(),  # noqa: PTH109 - as text, which is what is sent.
    }
    if isinstance(does, Command):
        head["command"] = does.argv if isinstance(does.argv, str) else list(does.argv)
        head["cwd"] = does.cwd or head["cwd"]
        head["environ"] |= does.environ
        head["output_bytes_max"] = does.output_bytes_max
        return Parcel(head)
    head["argv"] = sys.argv
    head["path"] = [str(entry) for entry in sys.path]
    return Parcel(head, pack_call(work.name, does))


class SupervisedAttempts:
    """Runs attempts, each in a slot of its own; slots are kept for the next ones."""

    def __init__(self, *, use_cgroup: bool = True, preload: Sequence[str] = ()) -> None:
        self._use_cgroup = use_cgroup
        self._preload = (*_OWN, *preload)
        self._lock = threading.Lock()
        self._free: list[Slot] = []
        self._errands: dict[AttemptKey, Errand] = {}
        self._closed = False

    def run(self, attempt: HeldAttempt, parcel: Parcel) -> WorkEnd:
        """Carry it out, and return when nothing of it runs any more."""
        with self._lock:
            slot = self._free.pop() if self._free else None
        if slot is None:
            slot = Slot(use_cgroup=self._use_cgroup, preload=self._preload)
        errand = slot.errand()
        with self._lock:
            self._errands[attempt.key] = errand
            before = list(attempt.taken)
        # Rungs from before there was somebody to take them; twice does no harm.
        for rung in before:
            errand.take(rung)
        try:
            report = errand.run(parcel.head, parcel.body)
        except SupervisorError as error:
            return end_of_death(attempt.key, describe(error), taken=_taken(attempt), evidence={})
        finally:
            with self._lock:
                del self._errands[attempt.key]
            self._put_back(slot)
        return _end(attempt, report)

    def take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        """Pass a rung on, at once."""
        with self._lock:
            errand = self._errands.get(attempt.key)
        problem = None if errand is None else errand.take(rung)
        if problem is None:
            return RungResult(attempt.key, rung, "done", _SAYS[rung])
        return RungResult(attempt.key, rung, "failed", problem)

    def close(self) -> None:
        """End the supervisors that are free; the others when their attempt ends."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for slot in free:
            slot.close()

    def _put_back(self, slot: Slot) -> None:
        with self._lock:
            if not self._closed:
                self._free.append(slot)
                return
        slot.close()


def _taken(attempt: HeldAttempt) -> frozenset[Rung]:
    return frozenset(attempt.taken)


def _end(attempt: HeldAttempt, report: Frame) -> WorkEnd:
    evidence = attempt.evidence() | _evidence(report.head)
    match report.head["outcome"]:
        case "value" | "error" | "not_begun":
            end = end_of_answer(attempt.key, report, taken=_taken(attempt), evidence=evidence)
        case "exited":
            end = _end_of_command(attempt, report, evidence)
        case outcome:
            error = _death(attempt, outcome, report.head["exit_code"])
            end = end_of_death(attempt.key, error, taken=_taken(attempt), evidence=evidence)
    return replace(end, stopped_confirmed=_is_confirmed(report.head))


def _is_confirmed(head: Mapping[str, Any]) -> bool:
    # By the environment alone, a program that was started with a clean one is not found.
    return not head.get("survivors") and head.get("means") != "environment"


def _evidence(head: Mapping[str, Any]) -> dict[str, Json]:
    names = (
        "pid",
        "exit_code",
        "means",
        "leftovers",
        "killed",
        "killed_count",
        "survivors",
        "kill_ms",
    )
    evidence = {name: head[name] for name in names if head.get(name) is not None}
    exit_code = head.get("exit_code")
    if exit_code is not None and exit_code < 0:
        evidence["signal"] = signal_name(-exit_code)
    return evidence


def _end_of_command(attempt: HeldAttempt, report: Frame, evidence: dict[str, Json]) -> WorkEnd:
    exit_code: int = report.head["exit_code"]
    output = report.body.decode(errors="replace")
    evidence["output"] = output
    evidence["output_cut"] = report.head["output_cut"]
    if exit_code == 0:
        value = CommandResult(output, report.head["output_cut"])
        return end_of_value(attempt.key, value, evidence)
    problem = CommandFailedError(attempt.work.name, exit_code, output)
    error = WorkError("CommandFailedError", str(problem), exception=problem)
    if attempt.taken:
        # Nobody can look into a command: what it makes of SIGINT and SIGTERM is its answer.
        was_ended = Rung.KILL in attempt.taken or exit_code in {-signal.SIGTERM, -signal.SIGKILL}
        how: How = "forced" if was_ended else "graceful"
        return WorkEnd(attempt.key, "cancelled", error=error, how=how, evidence=evidence)
    if exit_code < 0:
        return end_of_death(attempt.key, error, taken=frozenset(), evidence=evidence)
    return WorkEnd(attempt.key, "failed", error=error, evidence=evidence)


def _death(attempt: HeldAttempt, outcome: str, exit_code: int | None) -> WorkError:
    if outcome == "lost":
        return WorkError("SupervisorLost", "the process that looked after it is gone")
    if exit_code is not None and exit_code < 0:
        name = signal_name(-exit_code)
        hint = ""
        if name == "SIGKILL" and not attempt.taken:
            hint = ", and not from here: the kernel's out-of-memory killer does so"
        return WorkError("WorkerDied", f"the worker process was ended by {name}{hint}")
    return WorkError("WorkerDied", f"the worker process left with exit code {exit_code}")
