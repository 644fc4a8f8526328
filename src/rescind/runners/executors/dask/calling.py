"""On a worker of Dask: an attempt asks whether it may begin, makes its call, and sees its flag.

::

    worker (the task's thread)              runner
    carry_out ── event "may I?" ──────────► the gate, right before the attempt begins
              ◄──────────── answer(may) ───
    user code     ◄──────────── flag ──────  the rung
              ── the answer, as the result of the task ──►

Dask begins what has waited when it sees fit, and begins it again elsewhere when it has lost a
worker. So leave is asked for here and not when the task is handed over, and given once.

Runs in workers: no rule about runs, nothing but what a call needs. `client.run` calls `answer` and
`flag` in the worker's event loop. When the scheduler drops a running task (its runner is gone, or
somebody cancelled it) nobody calls: the plugin sees it, and sets the flag.
"""

import os
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import cloudpickle
from distributed import Worker, WorkerPlugin, get_worker

from rescind.runners.executors.answers import answer_of_error, answer_of_value
from rescind.runners.executors.attempt import RunningAttempt, context_of
from rescind.runners.executors.base import AttemptKey
from rescind.runners.executors.supervision.frames import Frame, encode_frame

__all__ = ["PLUGIN", "TOPIC", "FlagPlugin", "answer", "carry_out", "flag", "others_on"]

TOPIC: Final = "rescind"
PLUGIN: Final = "rescind-1"  # A worker keeps the module that it has imported: count on changes.

_ANSWER_SECONDS_MAX: Final = 60.0


@dataclass(slots=True)
class _Guest:
    """One attempt in this process, from its question to its end."""

    may_begin: bool = False
    answered: threading.Event = field(default_factory=threading.Event)
    flagged: threading.Event = field(default_factory=threading.Event)


_guests: dict[str, _Guest] = {}  #: by the key that Dask has for the task
_lock = threading.Lock()


def carry_out(
    key: str, runner: str, attempt: tuple[str, str, int], name: str, call: bytes
) -> bytes:
    """The task: what came of the call, as a frame; ``not_begun`` if it may not begin."""
    guest = _Guest()
    with _lock:
        _guests[key] = guest
    try:
        _ask(key, runner)
        if not guest.answered.wait(_ANSWER_SECONDS_MAX):
            with _lock:
                # From here on an answer comes too late, and is told so.
                guest.answered.set()
        if not guest.may_begin:
            return encode_frame(Frame({"outcome": "not_begun"}))
        here = RunningAttempt(AttemptKey(*attempt), name, guest.flagged.is_set)
        return encode_frame(_call(here, call))
    finally:
        with _lock:
            del _guests[key]


def _ask(key: str, runner: str) -> None:
    worker = get_worker()
    question = {
        "runner": runner,
        "key": key,
        "worker": worker.address,
        "name": str(worker.name),
        "pid": os.getpid(),
        "host": socket.gethostname(),
    }
    worker.log_event(TOPIC, question)


def _call(here: RunningAttempt, call: bytes) -> Frame:
    context = context_of(here)
    try:
        # Reading it imports the user's modules: that is user code as well.
        function, args, kwargs = context.run(cloudpickle.loads, call)
        value = context.run(function, *args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: it would take the worker along.
        return answer_of_error(error)
    return answer_of_value(value)


def answer(key: str, may_begin: bool) -> bool:
    """Give leave, or refuse it; ``False``: it was not waiting for that, and does not begin."""
    with _lock:
        guest = _guests.get(key)
        if guest is None or guest.answered.is_set():
            return False
        guest.may_begin = may_begin
        guest.answered.set()
        return True


def flag(keys: list[str]) -> None:
    """Let these see that they are to stop."""
    with _lock:
        for key in keys:
            if key in _guests:
                _guests[key].flagged.set()


def others_on(keys: list[str], dask_worker: Worker) -> dict[str, Any]:
    """What runs on this worker beside these tasks, and whether a nanny looks after it."""
    return {
        "others": sorted(str(key) for key in dask_worker.active_keys - set(keys)),
        "has_nanny": dask_worker.nanny is not None,
    }


class FlagPlugin(WorkerPlugin):
    """Sets the flag of a running attempt that the scheduler has dropped.

    One for all runners of a cluster, and it stays there: what it knows is in this module.
    """

    idempotent: ClassVar[bool] = True  # type: ignore[misc]

    def transition(self, key: str, start: str, finish: str, **_more: object) -> None:
        """Dask's hook: a task of this worker changes its state."""
        # Measured: a running task that is cancelled goes to "released", never to "cancelled".
        if start in {"executing", "long-running"} and finish == "released":
            with _lock:
                guest = _guests.get(key)
            if guest is not None:
                guest.flagged.set()
                guest.answered.set()  # If it waits to begin, it does not.
