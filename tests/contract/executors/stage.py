"""A local executor with a body on it, for what only the main thread has."""

import threading
from collections.abc import Callable
from typing import Final

from rescind.runners.executors import AttemptKey, Call, LocalExecutor, Rung, Work, WorkEnd

__all__ = ["BODY", "SECONDS_MAX", "TASK", "Stage"]

BODY: Final = AttemptKey("flow", "body")
TASK: Final = AttemptKey("flow", "task")
SECONDS_MAX: Final = 60.0


class Stage:
    """A local executor with a body on it, and what happened in order."""

    def __init__(self, executor: LocalExecutor) -> None:
        self.executor = executor
        self.story: list[str] = []
        self.ends: dict[AttemptKey, WorkEnd] = {}
        self._news = threading.Condition()

    def play(self, body: Callable[[], object]) -> WorkEnd:
        self.executor.run_here(Work(BODY, "body", Call(body)), self._told)
        return self.ends[BODY]

    def submit(self, key: AttemptKey, function: Callable[[], object]) -> None:
        self.executor.submit(Work(key, key.task_run_id, Call(function)), self._told)

    def result(self, key: AttemptKey) -> WorkEnd:
        """What a future's `result()` does: work in the main thread until it is there."""
        self.executor.run_pending(lambda: key in self.ends)
        return self.ends[key]

    def _told(self, end: WorkEnd) -> None:
        self.story.append(f"{end.key.task_run_id} {end.end}")
        with self._news:
            self.ends[end.key] = end
            self._news.notify_all()
        self.executor.wake()

    def interrupt_soon(self, key: AttemptKey, when: threading.Event) -> threading.Thread:
        """Once, as soon as it says that it has begun."""

        def interrupt() -> None:
            assert when.wait(SECONDS_MAX)
            self.executor.cancel([key], Rung.INTERRUPT)

        return self._begun(interrupt)

    def interrupt_until_it_ends(self, key: AttemptKey, when: threading.Event) -> threading.Thread:
        """The same, and again each second, as whoever climbs the ladder does.

        A signal that comes in the moment before a sleep does not end it: one such slept its minute.
        """

        def interrupt() -> None:
            assert when.wait(SECONDS_MAX)
            self.executor.cancel([key], Rung.INTERRUPT)
            while not self._has_ended(key, within_seconds=1):
                self.executor.cancel([key], Rung.INTERRUPT)

        return self._begun(interrupt)

    def _has_ended(self, key: AttemptKey, within_seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(lambda: key in self.ends, within_seconds)

    @staticmethod
    def _begun(interrupt: Callable[[], None]) -> threading.Thread:
        helper = threading.Thread(target=interrupt, daemon=True)
        helper.start()
        return helper
