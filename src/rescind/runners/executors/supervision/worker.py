"""The worker: a fresh fork of the supervisor that makes one call, hands over what came of it, ends.

It begins with nothing of other attempts: no module that they imported, no thread, no open file.
User code has the main thread to itself. Arguments are read inside a region, since reading them
imports the user's modules, which may take long or hang. Python's `atexit` functions do not run, as
in the children of `multiprocessing`.
"""

import mmap
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias, cast

import cloudpickle

from rescind.runners.executors.answers import answer_of_error, answer_of_value
from rescind.runners.executors.attempt import RunningAttempt, context_of, occupy_process
from rescind.runners.executors.base import AttemptKey
from rescind.runners.executors.interrupting.mainthread import Region, main_regions
from rescind.runners.executors.processtree.cgroup import Cgroup
from rescind.runners.executors.processtree.prctl import die_with_parent
from rescind.runners.executors.supervision.frames import Frame, encode_frame

__all__ = ["Birth", "be_born", "work"]

_INTERNAL_ERROR: Final = 70  # EX_SOFTWARE of <sysexits.h>

_Call: TypeAlias = tuple[Callable[..., object], tuple[object, ...], dict[str, object]]


@dataclass(frozen=True, slots=True)
class Birth:
    """What a child needs to know about where it comes from."""

    supervisor_pid: int
    cgroup: Cgroup | None
    only_supervisors: tuple[int, ...]
    """Descriptors that the child must not keep: through them it could speak for its supervisor."""


def be_born(birth: Birth) -> None:
    """Become a child that ends with its supervisor, and a member of the tree's cgroup."""
    die_with_parent(signal.SIGKILL)
    if os.getppid() != birth.supervisor_pid:
        os._exit(1)
    if birth.cgroup is not None:
        birth.cgroup.join()


def work(order: Frame, birth: Birth, flag: mmap.mmap, result_descriptor: int) -> NoReturn:
    """Carry out the order in this process, which was forked for it."""
    try:
        os.setsid()
        be_born(birth)
        _forget_the_supervisor(birth)
        _move_in(order.head)
        answer = _carry_out(order, flag)
        with open(result_descriptor, "wb") as result:
            result.write(encode_frame(answer))
        _flush()
    except BaseException:  # noqa: BLE001 - never back into the supervisor's code.
        traceback.print_exc()
        os._exit(_INTERNAL_ERROR)
    os._exit(0)


def _forget_the_supervisor(birth: Birth) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in birth.only_supervisors:
        os.close(descriptor)


def _move_in(head: Mapping[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(head["environ"])
    sys.argv[:] = head["argv"]
    sys.path[:] = head["path"]
    # The folder may be gone by now; then the work starts where the supervisor is.
    if os.path.isdir(head["cwd"]):  # noqa: PTH112 - pathlib is a third of the start-up time.
        os.chdir(head["cwd"])


def _carry_out(order: Frame, flag: mmap.mmap) -> Frame:
    key = AttemptKey(*order.head["key"])
    attempt = RunningAttempt(key, order.head["name"], lambda: flag[0] != 0)
    occupy_process(attempt)
    regions = main_regions()

    reading = Region(key)
    regions.run(reading, partial(cloudpickle.loads, order.body))
    if reading.error is not None:
        return answer_of_error(reading.error)
    function, args, kwargs = cast("_Call", reading.values[0])
    calling = Region(key)
    regions.run(calling, partial(context_of(attempt).run, function, *args, **kwargs))
    if not calling.values:
        assert calling.error is not None
        return answer_of_error(calling.error)
    return answer_of_value(calling.values[0])


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # Closed by user code, or nobody reads it.
