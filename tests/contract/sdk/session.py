"""What stands in for a service: one end of the SDK is real, and the other is seen."""

import threading
from collections.abc import Callable

from rescind.runners.client import Ended, Grant
from rescind.runners.executors import AttemptKey, Call, Executor, LocalExecutor, Work, WorkEnd
from rescind.runners.flowrunner.submission import Outcome, Submission
from rescind.runners.sdk.session import BODY_TASK_RUN_ID, open_body

__all__ = ["ExecutorSession", "GrantingRun"]


class ExecutorSession:
    """Runs one body in the main thread and hands its tasks straight to an executor, each once."""

    def __init__(self, executor: Executor) -> None:
        self.flow_run_id = "flow"
        self.is_cancelling = False
        self.runs_coroutines = executor.runs_coroutines
        self.executor = executor
        self.submissions: list[Submission] = []
        self._main = executor if isinstance(executor, LocalExecutor) else LocalExecutor()
        self._news = threading.Condition()

    def play(self, body: Callable[[], object]) -> WorkEnd:
        """Run the body to its end, and return that."""
        ends: list[WorkEnd] = []
        self._main.start()
        if self._main is not self.executor:
            self.executor.start()
        try:
            with open_body(self):
                work = Work(AttemptKey("flow", BODY_TASK_RUN_ID), "body", Call(body))
                self._main.run_here(work, ends.append)
        finally:
            self.executor.shutdown(kill=True)
            self._main.shutdown(kill=True)
        return ends[0]

    def submit(self, submission: Submission) -> None:
        self.submissions.append(submission)

        def ended(end: WorkEnd) -> None:
            submission.done.set_result(Outcome(end))
            self._main.wake()

        key = AttemptKey("flow", submission.task_run_id)
        self.executor.submit(Work(key, submission.name, submission.does), ended)

    def wait_for(self, is_done: Callable[[], bool]) -> None:
        self._main.run_pending(is_done)


class GrantingRun:
    """Grants everything, and keeps what is reported."""

    flow_run_id = "f"

    def __init__(self) -> None:
        self.held: list[tuple[str, int]] = []
        self.reported: list[tuple[str, int, str]] = []

    async def register(self, _specs: object) -> list[object]:
        return []

    async def start(self, task_run_id: str, attempt: int) -> Grant:
        self.held.append((task_run_id, attempt))
        return Grant("f", task_run_id, attempt, 30, 0)

    async def may_begin(self, _grant: Grant) -> bool:
        return True

    def cancellation_of(self, _task_run_id: str, _attempt: int) -> None:
        """Nobody asks for one."""

    def finish(self, task_run_id: str, ended: Ended, attempt: int) -> None:
        self.reported.append((task_run_id, attempt, ended.end.value))
