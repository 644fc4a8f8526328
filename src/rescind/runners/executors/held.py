"""What the executors of this process share: each attempt begins at most once, ends exactly once.

    pending ──begin──► running ──end──► ended
       └──────────────end─────────────────┘

The state of an attempt changes under one lock and nowhere else; whoever wins the change does what
belongs to it. `on_end` and `gate` belong to the flow runner and are called without the lock.
"""

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from rescind.errors import AttemptHeldError, ExecutorClosedError
from rescind.runners.executors.attempt import RunningAttempt
from rescind.runners.executors.base import (
    AttemptKey,
    Call,
    Command,
    Executor,
    Gate,
    Json,
    OnEnd,
    Rung,
    RungResult,
    Work,
    WorkEnd,
)
from rescind.runners.executors.ends import end_of_exit, never_started
from rescind.runners.executors.interrupting.mainthread import main_regions

__all__ = ["REACT_SECONDS", "HeldAttempt", "HoldingExecutor"]

REACT_SECONDS: Final = 0.5
"""How long after an interrupt work that did not react counts as work that cannot be stopped.

A runner acknowledges within a second; what can react did so within 80 ms where it was measured."""

# A command sees no flag.
_COMMAND_RUNGS: Final = (Rung.INTERRUPT, Rung.TERMINATE, Rung.KILL)

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class HeldAttempt:
    """An attempt from `submit` to its end, and the rungs that were taken for it."""

    work: Work
    on_end: OnEnd
    gate: Gate | None
    state: Literal["pending", "running", "ended"] = "pending"
    asked_at: float | None = None
    taken: dict[Rung, tuple[int, int]] = field(default_factory=dict[Rung, tuple[int, int]])
    """Each rung that was taken: milliseconds after the first, and how often."""

    @property
    def key(self) -> AttemptKey:
        return self.work.key

    @property
    def is_pending(self) -> bool:
        return self.state == "pending"

    @property
    def has_ended(self) -> bool:
        return self.state == "ended"

    def note(self, rung: Rung) -> None:
        now = time.monotonic()
        if self.asked_at is None:
            self.asked_at = now
        after_ms, times = self.taken.get(rung, (round((now - self.asked_at) * 1000), 0))
        self.taken[rung] = (after_ms, times + 1)

    def is_flagged(self) -> bool:
        return bool(self.taken)

    def as_running(self) -> RunningAttempt:
        return RunningAttempt(self.key, self.work.name, self.is_flagged)

    def evidence(self) -> dict[str, Json]:
        """``rungs`` and ``stop_ms`` if it was asked to stop, else nothing."""
        if self.asked_at is None:
            return {}
        rungs = [
            {"rung": rung.value, "after_ms": after_ms, "times": times}
            # A copy: another thread may take a rung meanwhile.
            for rung, (after_ms, times) in list(self.taken.items())
        ]
        return {"rungs": rungs, "stop_ms": round((time.monotonic() - self.asked_at) * 1000, 1)}


class HoldingExecutor(Executor):
    """The bookkeeping; a subclass says how work is begun and how a rung is taken."""

    def __init__(self, capacity: int = 1) -> None:
        self._capacity = capacity
        self._lock = threading.Condition()
        self._attempts: dict[AttemptKey, HeldAttempt] = {}
        self._closed = False

    @property
    def capacity(self) -> int:
        return self._capacity

    def rungs_of(self, key: AttemptKey) -> tuple[Rung, ...]:
        attempt = self._attempts.get(key)
        if attempt is None:
            return self.rungs
        does = attempt.work.does
        return _COMMAND_RUNGS if isinstance(does, Command) else self._rungs_of_call(does)

    def _rungs_of_call(self, call: Call) -> tuple[Rung, ...]:  # noqa: ARG002
        """The rungs for this call, where it has others than the rest."""
        return self.rungs

    def submit(self, work: Work, on_end: OnEnd, gate: Gate | None = None) -> None:
        # Called by user code in the main thread, which an interrupt may leave anywhere.
        with main_regions().shield():
            self._enqueue(self._admit(work, on_end, gate))

    def held(self) -> list[AttemptKey]:
        with self._lock:
            return list(self._attempts)

    def cancel(self, keys: Sequence[AttemptKey], rung: Rung) -> list[RungResult]:
        with main_regions().shield():
            return [self._cancel(key, rung) for key in keys]

    def shutdown(self, *, kill: bool = False, wait_seconds: float = 10.0) -> list[AttemptKey]:
        with self._lock:
            self._closed = True
            attempts = list(self._attempts.values())
        for attempt in attempts:
            self._end_pending(attempt)
            if kill:
                rungs = self.rungs_of(attempt.key)
                self._cancel(attempt.key, rungs[-1])
        with self._lock:
            self._lock.wait_for(lambda: not self._attempts, timeout=wait_seconds)
        self._close()
        return self.held()

    def ends_with_process(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:
        if self.capabilities.is_elsewhere:
            return []
        return [key for key in keys if Rung.KILL not in self.rungs_of(key)]

    def give_up(self, key: AttemptKey, evidence: Mapping[str, Json]) -> None:
        with self._lock:
            attempt = self._attempts.get(key)
        if attempt is not None:
            told = attempt.evidence() | dict(evidence)
            self._end(attempt, end_of_exit(key, told))

    def _admit(self, work: Work, on_end: OnEnd, gate: Gate | None) -> HeldAttempt:
        attempt = HeldAttempt(work, on_end, gate)
        with self._lock:
            if self._closed:
                raise ExecutorClosedError(self.name)
            if work.key in self._attempts:
                raise AttemptHeldError(str(work.key))
            self._attempts[work.key] = attempt
        return attempt

    def _cancel(self, key: AttemptKey, rung: Rung) -> RungResult:
        with self._lock:
            attempt = self._attempts.get(key)
            if attempt is None or attempt.state == "ended":
                return RungResult(key, rung, "not_held", "it has ended, or was never here")
        if self._end_pending(attempt):
            return RungResult(key, rung, "done", "it had not begun, and never will")
        if rung not in self.rungs_of(key):
            return RungResult(key, rung, "unsupported", f"{self.name} has no such rung for it")
        with self._lock:
            attempt.note(rung)
        return self._take(attempt, rung)

    def _end_pending(self, attempt: HeldAttempt) -> bool:
        return self._end(attempt, never_started(attempt.key), only_from="pending")

    def _begin(self, attempt: HeldAttempt) -> bool:
        """Ask the gate and take the attempt; ``False``: it has ended, leave it alone."""
        if not self._passes(attempt):
            self._end_pending(attempt)
            return False
        with self._lock:
            if attempt.state != "pending":
                return False
            attempt.state = "running"
        return True

    def _passes(self, attempt: HeldAttempt) -> bool:
        if attempt.state != "pending":
            return False
        try:
            return attempt.gate is None or attempt.gate(attempt.key)
        except Exception:  # noqa: BLE001 - it is not ours.
            # What may not be known to be allowed is not begun.
            said = "the start gate failed for %s, so it is not begun"
            _log.exception(said, attempt.key, extra=_about(attempt.key))
            return False

    def _end(
        self, attempt: HeldAttempt, end: WorkEnd, *, only_from: Literal["pending"] | None = None
    ) -> bool:
        """Tell how it ended, unless somebody has already."""
        with self._lock:
            if attempt.state == "ended" or (only_from and attempt.state != only_from):
                return False
            attempt.state = "ended"
        try:
            attempt.on_end(end)
        except Exception:  # noqa: BLE001 - it is not ours.
            said = "the end of %s could not be handed on"
            _log.exception(said, attempt.key, extra=_about(attempt.key))
        with self._lock:
            del self._attempts[attempt.key]
            self._lock.notify_all()
        return True

    @abstractmethod
    def _enqueue(self, attempt: HeldAttempt) -> None:
        """Keep it until there is room, then `_begin` it and see to its `_end`."""

    @abstractmethod
    def _take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        """Take a rung that it has, for an attempt that runs (or has ended this moment)."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of threads and processes; what still runs is on its own."""


def _about(key: AttemptKey) -> dict[str, str]:
    return {"flow_run_id": key.flow_run_id, "task_run_id": key.task_run_id}
