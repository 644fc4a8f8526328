"""Drives one executor from the main thread, as a flow runner does, and sees what it leaves behind.

Work of `LocalExecutor` runs only while the main thread waits for it, so whatever is to happen
meanwhile is given to `Bench.meanwhile` and happens in another thread.
"""

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rescind.runners.executors import (
    AttemptKey,
    Call,
    Command,
    LocalExecutor,
    Rung,
    RungResult,
    Work,
    WorkEnd,
)
from rescind.runners.executors.base import Gate
from rescind.runners.executors.processtree.identity import carriers
from tests.contract.executors.kinds import Kind

__all__ = ["SECONDS_MAX", "Bench"]

SECONDS_MAX: Final = 60.0
_MARK: Final = "RESCIND_TEST_MARK"


class Bench:
    """One executor, started; leaving it shuts it down and checks that nothing of it is left."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.executor = kind.make()
        self.ends: dict[AttemptKey, WorkEnd] = {}
        self.told: Counter[AttemptKey] = Counter()
        self._news = threading.Condition()
        self._helpers: list[threading.Thread] = []
        self._problems: list[BaseException] = []
        self._numbers = 0
        self._threads_before = set(threading.enumerate())
        self._mark = secrets.token_hex(8)

    def __enter__(self) -> Self:
        os.environ[_MARK] = self._mark
        self.executor.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _stack: TracebackType | None,
    ) -> None:
        del os.environ[_MARK]
        still_running = self.executor.shutdown(kill=True, wait_seconds=SECONDS_MAX)
        for helper in self._helpers:
            helper.join(SECONDS_MAX)
        if error is None:
            self.check_problems()
            assert still_running == []
            assert self.processes() == []
            self.wait_until(lambda: set(threading.enumerate()) <= self._threads_before)

    def marker(self) -> Path:
        self._numbers += 1
        return self.folder / f"marker-{self._numbers}"

    def submit(
        self, function: Callable[..., object], *args: object, gate: Gate | None = None
    ) -> AttemptKey:
        return self.submit_work(Call(self.kind.as_work(function), args), gate)

    def submit_work(self, does: Call | Command, gate: Gate | None = None) -> AttemptKey:
        self._numbers += 1
        key = AttemptKey("flow", f"task-{self._numbers}")
        self.executor.submit(Work(key, key.task_run_id, does), self.ends_with, gate)
        return key

    def cancel(self, key: AttemptKey, rung: Rung) -> RungResult:
        (result,) = self.executor.cancel([key], rung)
        return result

    def climb(self, key: AttemptKey, *rungs: Rung) -> None:
        """Take these rungs, those that there are, every 20 ms until it has ended."""

        def take_all_until_it_ends() -> bool:
            for rung in rungs:
                self.cancel(key, rung)
            return key in self.ends

        self.wait_until(take_all_until_it_ends, every_seconds=0.02)

    def meanwhile(self, script: Callable[[], object]) -> None:
        """Have it done in another thread; what it raises is raised by `end_of`."""
        helper = threading.Thread(target=self._help, args=(script,), daemon=True)
        self._helpers.append(helper)
        helper.start()

    def when_there(self, path: Path, script: Callable[[], object]) -> None:
        """Have it done as soon as that file is there: the work that makes it has begun."""

        def wait_and_do() -> None:
            self.wait_for_file(path)
            script()

        self.meanwhile(wait_and_do)

    def wait_for_file(self, path: Path) -> None:
        self.wait_until(path.exists)

    def wait_until_begun(self, marker: Path) -> None:
        """Until it has said so to the last letter: what is killed then has said it."""
        self.wait_until(lambda: marker.exists() and marker.stat().st_size > 0)

    def wait_until(self, condition: Callable[[], bool], every_seconds: float = 0.002) -> None:
        until = time.monotonic() + SECONDS_MAX
        while not condition():
            assert time.monotonic() < until, "it did not come to pass in time"
            time.sleep(every_seconds)

    def end_of(self, key: AttemptKey) -> WorkEnd:
        """Wait for it in the main thread, which is where `LocalExecutor` works."""
        until = time.monotonic() + SECONDS_MAX
        if isinstance(self.executor, LocalExecutor):
            self.executor.run_pending(
                lambda: key in self.ends or bool(self._problems) or time.monotonic() > until
            )
        else:
            with self._news:
                self._news.wait_for(lambda: key in self.ends or bool(self._problems), SECONDS_MAX)
        self.check_problems()
        assert key in self.ends, f"no end of {key} within {SECONDS_MAX} s"
        return self.ends[key]

    def check_problems(self) -> None:
        if self._problems:
            raise self._problems[0]

    def processes(self) -> list[str]:
        """What runs of this bench, wherever in the process table; this process is not of it."""
        return [f"{process.pid} {process.name}" for process in carriers(_MARK, self._mark)]

    def ends_with(self, end: WorkEnd) -> None:
        with self._news:
            self.told[end.key] += 1
            self.ends[end.key] = end
            self._news.notify_all()
        self._wake()

    def _help(self, script: Callable[[], object]) -> None:
        try:
            script()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread.
            with self._news:
                self._problems.append(error)
                self._news.notify_all()
            self._wake()

    def _wake(self) -> None:
        if isinstance(self.executor, LocalExecutor):
            self.executor.wake()
