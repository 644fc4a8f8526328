"""Flow runs on each executor, in a process of their own: what a runner does while it is measured.

Whatever the executor, its work writes the time of the monotonic clock, which all processes of a
machine share, into a file once it learns of the cancel.
"""

import itertools
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.load.coroutines import of_one_coroutine
from benchmarks.load.work import does_nothing, of_many, of_one
from benchmarks.place import SIGNING_KEY
from rescind.logs import configure_logging
from rescind.runners.executors import (
    AsyncExecutor,
    AttemptKey,
    Call,
    DaskExecutor,
    Executor,
    LocalExecutor,
    ProcessExecutor,
    ThreadExecutor,
    Work,
    WorkEnd,
)
from rescind.runners.flowrunner.watching import Happening
from rescind.runners.sdk.flows import BoundFlow
from rescind.settings import Settings, load_settings

__all__ = ["EXECUTORS", "FLAG_ALONE", "Noticed", "notice_cancels", "run_bare", "run_short_tasks"]

EXECUTORS: Final[dict[str, Callable[[], Executor]]] = {
    "local": LocalExecutor,
    "thread": lambda: ThreadExecutor(2),
    "async": lambda: AsyncExecutor(2),
    "process": lambda: ProcessExecutor(2),
    "dask": lambda: DaskExecutor(2),
}
_SECONDS_MAX: Final = 600
FLAG_ALONE: Final = frozenset({"thread", "dask"})


class Noticed(NamedTuple):
    """One flow run, in seconds of the monotonic clock: told, and its task run learned of it."""

    told_at: float
    noticed_at: float


def notice_cancels(
    place: tuple[str, str], name: str, ids: list[str], folder: Path, pipe: "Pipe[Any, Any]"
) -> None:
    """Run flow runs one after the other, and say how each was `Noticed`.

    Once the task run of one is at work, there is a file ``ID.began`` in the folder.
    """
    configure_logging("ERROR")
    for flow_run_id in ids:
        file = str(folder / flow_run_id)
        told: list[float] = []

        def tell(happening: Happening, told: list[float] = told) -> None:
            if happening.what == "told":
                told.append(time.monotonic())

        _bound(name, file).run(
            EXECUTORS[name](), flow_run_id=flow_run_id, settings=_settings(place), tell=tell
        )
        pipe.send(Noticed(told[0], float(Path(f"{file}.noticed").read_text())))


def _bound(name: str, file: str) -> BoundFlow:
    if name == "async":
        return of_one_coroutine.bind(file)
    return of_one.bind(file, by_flag=name in FLAG_ALONE)


def run_short_tasks(
    place: tuple[str, str], name: str, flow_run_id: str, count: int, pipe: "Pipe[Any, Any]"
) -> None:
    """Say how many seconds so many short task runs took in a flow run."""
    configure_logging("ERROR")
    outcome = of_many.bind(count).run(
        EXECUTORS[name](), flow_run_id=flow_run_id, settings=_settings(place)
    )
    pipe.send(outcome.value)


def run_bare(name: str, count: int) -> float:
    """How long the same takes in the executor alone, in seconds."""
    executor = EXECUTORS[name]()
    executor.start()
    left, over = itertools.count(1), threading.Event()

    def note(_end: WorkEnd) -> None:
        if next(left) == count:
            over.set()

    began = time.monotonic()
    for number in range(count):
        key = AttemptKey("bare", str(number))
        executor.submit(Work(key, "bare", Call(does_nothing.function)), note)
    if not over.wait(_SECONDS_MAX):
        raise TimeoutError(f"{count:,} attempts have not ended after {_SECONDS_MAX} s")
    took = time.monotonic() - began
    executor.shutdown()
    return took


def _settings(place: tuple[str, str]) -> Settings:
    bootstrap, prefix = place
    return load_settings(bootstrap=bootstrap, topic_prefix=prefix, signing_keys=SIGNING_KEY)
