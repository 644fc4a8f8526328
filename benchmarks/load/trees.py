"""Work that has started processes of its own is killed: until the table has none of them."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.load.executing import EXECUTORS
from rescind.logs import configure_logging
from rescind.runners.executors import AttemptKey, Call, Rung, Work, WorkEnd
from rescind.runners.executors.processtree.identity import (
    Process,
    descendants,
    is_running,
    read_process,
)

__all__ = ["killed_ms"]

_SECONDS_MAX: Final = 60.0
_LOOK_SECONDS: Final = 0.0005


def killed_ms(name: str, count: int) -> list[float]:
    """Milliseconds, for each: from the order to kill until nothing of its tree runs.

    A tree is the process of the call, a child of it, and a grandchild in a session of its own. The
    first one is a warm-up.
    """
    configure_logging("ERROR")
    executor = EXECUTORS[name]()
    executor.start()
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="rescind-bench-") as folder:
        for number in range(count + 1):
            key, began, over = AttemptKey("trees", str(number)), Path(folder, str(number)), _Over()
            executor.submit(Work(key, "tree", Call(_tree, (str(began),))), over.note)
            seen = _tree_of(began)
            ordered = time.monotonic()
            executor.cancel([key], Rung.KILL)
            _until(partial(_all_gone, seen))
            took.append((time.monotonic() - ordered) * 1000)
            _until(over.is_set)
    executor.shutdown(kill=True)
    return took[1:]


class _Over(threading.Event):
    def note(self, _end: WorkEnd) -> None:
        self.set()


def _tree(began: str) -> None:
    subprocess.Popen(["/bin/sh", "-c", "setsid sleep 600 & wait"])
    Path(f"{began}.draft").write_text(str(os.getpid()))
    Path(f"{began}.draft").rename(began)
    time.sleep(600)


def _tree_of(began: Path) -> list[Process]:
    _until(began.exists)
    pid = int(began.read_text())
    _until(lambda: "sleep" in {each.name for each in descendants(pid)})
    itself = read_process(pid)
    assert itself is not None
    return [itself, *descendants(pid)]


def _all_gone(processes: list[Process]) -> bool:
    return not any(is_running(each.identity) for each in processes)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS_MAX
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"expected it to be so within {_SECONDS_MAX:.0f} s")
        time.sleep(_LOOK_SECONDS)
